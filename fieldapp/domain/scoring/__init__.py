"""The conduct score (docs/scoring.md): from the facts of visits to verdicts, from verdicts to a month's sheet.

`rulebook` is the norm, `findings` what people judged, `facts` what happened at one visit, `rules` what that says
about each item, `judging` one visit's verdicts, `engine` a month. Nothing here knows the time of day: `missed` is the
only thing that `now` decides, and `now` is always an argument.
"""
