"""Reports: one file per output format, every one `render(report, out)`. They speak and judge nothing."""
