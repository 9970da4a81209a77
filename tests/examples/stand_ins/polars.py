"""Stands for Polars where nothing can be downloaded: what the example flows use of it."""

import csv


class DataFrame:
    def __init__(self, rows):
        self.rows = rows

    def glimpse(self):
        print(f"Rows: {len(self.rows)}")
        print(f"Columns: {len(self.rows[0])}")

    def select(self, columns):
        return DataFrame([{name: row[name] for name in columns} for row in self.rows])

    def write_csv(self, path):
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]))
            writer.writeheader()
            writer.writerows(self.rows)


def from_dicts(data):
    return DataFrame(data)
