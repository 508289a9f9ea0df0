CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, region TEXT NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    ordered_at TEXT NOT NULL,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    product TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price REAL NOT NULL
);

CREATE TABLE revenue_by_region (
  region TEXT PRIMARY KEY,
  orders INTEGER NOT NULL,
  revenue REAL NOT NULL,
  percent_of_target REAL NOT NULL
);
