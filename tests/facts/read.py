"""What DuckDB finds in a folder of facts: the names of the columns, and sums. A second opinion on files that Athena is to read."""

import json
import sys

import duckdb

facts = duckdb.sql(f"SELECT * FROM read_parquet('{sys.argv[1]}/facts/*/*/*.parquet', hive_partitioning = true)")
rows = facts.query("facts", "SELECT kind, state, age, vaccine, CAST(sum(times) AS INTEGER) FROM facts GROUP BY ALL ORDER BY ALL").fetchall()
print(json.dumps({"columns": facts.columns, "rows": rows}))
