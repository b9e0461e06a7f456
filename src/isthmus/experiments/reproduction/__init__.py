"""The machine behind `isthmus reproduce`: a claim goes in, a verdict from stated criteria and a page come out."""
