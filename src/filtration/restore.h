/* restore.h - a filtration whose results are known from an earlier run. */
#pragma once

#include <hole/hole_filtration.h>

/* HoleFiltrationGetThreshold() will give this number: for a filtration of nothing, which is never set up. Not collective. */
void hole_filtration_restore(HoleFiltration f, double threshold);
