"""The daily report: a frozen record of a day's figures, charts, and the page that lays them out."""
