"""Report of a hole result.

    result.py    reads the HDF5 file into plain objects
    tree.py      the part of a merge tree that can be drawn
    sankey.py    folds and orders cluster flows
    palette.py   colours of classes
    page.py      the embedded data and the HTML page (page.html, report.css, report.js)
    figures.py   the same views as PNG, SVG and PDF
    cli.py       command line and exit codes
"""
