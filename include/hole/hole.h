/** @file
 * Everything: persistent homology of neural-network activations on distributed memory. */
#pragma once

#include <hole/hole_activations.h>
#include <hole/hole_diagram.h>
#include <hole/hole_distances.h>
#include <hole/hole_error.h>
#include <hole/hole_filtration.h>
#include <hole/hole_flow.h>
#include <hole/hole_folding.h>
#include <hole/hole_graph.h>
#include <hole/hole_homology.h>
#include <hole/hole_metric.h>
#include <hole/hole_pass.h>
#include <hole/hole_robustness.h>
#include <hole/hole_source.h>
#include <hole/hole_stages.h>
#include <hole/hole_summaries.h>
#include <hole/hole_tasks.h>
#include <hole/hole_tree.h>
#include <hole/hole_types.h>
#include <hole/hole_views.h>
