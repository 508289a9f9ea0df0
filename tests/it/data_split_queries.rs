//! Queries over an input that is read in parts.

/// Queries whose parts are put together.
pub const QUERIES: &[&str] = &[
    "SELECT region, count(*) AS n, sum(qty) AS q, sum(amount) AS a, avg(amount) AS v, min(day) AS d, max(note) AS l FROM orders GROUP BY region",
    "SELECT sum(price) AS s, avg(price) AS a, stddev(price) AS d, var_pop(price) AS v, corr(price, qty) AS c FROM orders",
    "SELECT count(DISTINCT region) AS r, count(DISTINCT qty) AS q, sum(DISTINCT qty) AS s, avg(DISTINCT qty) AS a FROM orders",
    "SELECT percentile_cont(price, 0.25) AS p, covar_samp(price, qty) AS c, regr_slope(price, qty) AS r, bit_xor(id) AS x FROM orders",
    "SELECT region, stddev_pop(amount) AS d, var(price) AS v, bit_or(qty) AS b, regr_r2(price, qty) AS r FROM orders GROUP BY region",
    "SELECT region, count(DISTINCT note) AS n FROM orders GROUP BY region",
    "SELECT region, median(amount) AS m, median(price) AS p, median(qty) AS q FROM orders GROUP BY region",
    "SELECT region, mode(qty) AS m, bool_and(flag) AS b, bool_or(flag) AS o, approx_distinct(qty) AS d FROM orders GROUP BY region",
    "SELECT region, sum(amount) AS a FROM orders GROUP BY region HAVING sum(amount) > 1000 ORDER BY a DESC LIMIT 2",
    "SELECT day, qty, count(*) FILTER (WHERE flag) AS n, sum(amount) FILTER (WHERE qty > 3) AS s FROM orders WHERE qty <> 5 GROUP BY day, qty ORDER BY day, qty",
    "SELECT r.label, sum(o.amount) AS a, count(*) AS n FROM orders o JOIN regions r ON o.region = r.region GROUP BY r.label",
    "SELECT o.id, r.label FROM orders o LEFT JOIN regions r ON o.region = r.region ORDER BY o.id",
    "SELECT r.label, o.qty FROM regions r RIGHT JOIN orders o ON o.region = r.region AND r.least < o.qty",
    "SELECT o.id, r.label FROM orders o JOIN regions r ON o.qty > r.least",
    "SELECT count(*) AS n FROM orders CROSS JOIN regions",
    "SELECT sum(qty) AS q FROM orders WHERE region IN (SELECT region FROM regions WHERE least < 4)",
    "SELECT id FROM orders WHERE region NOT IN (SELECT region FROM regions WHERE least < 4)",
    "SELECT id FROM orders o WHERE NOT EXISTS (SELECT 1 FROM regions r WHERE r.region = o.region)",
    "SELECT id, upper(note) AS n, amount * qty AS t FROM orders WHERE qty = 3",
    "SELECT * FROM orders ORDER BY qty, note, id LIMIT 5",
    "SELECT id FROM orders WHERE amount > 50 ORDER BY id OFFSET 3",
    "SELECT DISTINCT region, flag FROM orders",
    "SELECT count(*) AS n FROM orders",
    "SELECT 'x' AS x FROM orders WHERE id < 4",
    "SELECT sum(amount) AS s, count(*) AS n, median(qty) AS m, avg(price) AS p FROM orders WHERE qty > 1000000",
    "SELECT region, sum(qty) AS s FROM orders WHERE qty > 1000000 GROUP BY region",
    "SELECT id FROM orders WHERE qty > 1000000",
    "SELECT region, flag, sum(amount) AS s, grouping(region) AS g FROM orders GROUP BY ROLLUP (region, flag)",
    "SELECT max(s) AS m, count(*) AS n FROM (SELECT region, sum(amount) AS s FROM orders GROUP BY region)",
    "SELECT region, s, rank() OVER (ORDER BY s) AS r FROM (SELECT region, sum(amount) AS s FROM orders GROUP BY region)",
    "SELECT region, sum(qty) AS s FROM orders GROUP BY region UNION ALL SELECT label, least FROM regions",
    "SELECT date_trunc('month', day) AS m, sum(qty) AS q FROM orders GROUP BY 1 ORDER BY 1",
    "SELECT count(*) AS n FROM orders WHERE qty > (SELECT max(least) FROM regions)",
    "SELECT id FROM orders WHERE qty > (SELECT max(least) FROM regions) ORDER BY id",
    "SELECT label FROM regions WHERE least < (SELECT avg(qty) FROM orders)",
    "WITH t AS (SELECT region, sum(amount) AS s FROM orders GROUP BY region) SELECT t.region, s, label FROM t FULL JOIN regions ON t.region = regions.region",
    "SELECT a, count(*) AS n FROM (SELECT unnest([qty, qty + 1]) AS a FROM orders) GROUP BY a",
    "SELECT CASE WHEN qty > 3 THEN 'many' ELSE 'few' END AS c, sum(amount) / count(*) AS m FROM orders GROUP BY c",
    "SELECT region FROM orders INTERSECT SELECT region FROM regions",
    "SELECT mode() WITHIN GROUP (ORDER BY qty) AS m FROM orders",
];

/// Queries that are not divided, and the reason.
pub const WHOLE: &[(&str, &str)] = &[
    ("SELECT id FROM orders LIMIT 3", "a LIMIT without ORDER BY takes the first rows of the input"),
    (
        "SELECT sum(qty) AS s FROM (SELECT qty FROM orders LIMIT 10)",
        "a LIMIT without ORDER BY takes the first rows of the input",
    ),
    ("SELECT id, sum(qty) OVER (ORDER BY id) AS s FROM orders", "a window function needs all rows"),
    ("SELECT a.id FROM orders a JOIN orders b ON a.id = b.id", "the query reads `orders` more than once"),
    (
        "SELECT id FROM orders WHERE qty > (SELECT avg(qty) FROM orders)",
        "the query reads `orders` more than once",
    ),
    ("SELECT id FROM orders UNION ALL SELECT id FROM orders", "the query reads `orders` more than once"),
    (
        "SELECT region FROM orders UNION ALL SELECT region FROM regions",
        "UNION adds rows that are not of the input",
    ),
    (
        "SELECT r.label, o.id FROM regions r LEFT JOIN orders o ON r.region = o.region",
        "an outer join keeps rows of the other table without a partner in `orders`",
    ),
    (
        "SELECT r.label, o.id FROM regions r FULL JOIN orders o ON r.region = o.region",
        "an outer join keeps rows of the other table without a partner in `orders`",
    ),
    (
        "SELECT label FROM regions WHERE region NOT IN (SELECT region FROM orders WHERE region IS NOT NULL)",
        "IN or EXISTS looks at all rows of `orders`",
    ),
    (
        "SELECT region, array_agg(id) AS l FROM orders GROUP BY region",
        "`array_agg` cannot be put together from the values of the parts",
    ),
    (
        "SELECT region, string_agg(note, ',' ORDER BY id) AS l FROM orders GROUP BY region",
        "the ORDER BY in `string_agg` needs all rows",
    ),
    (
        "SELECT first_value(note) AS l FROM orders",
        "`first_value` cannot be put together from the values of the parts",
    ),
    (
        "SELECT DISTINCT ON (region) region, id FROM orders ORDER BY region, id",
        "the ORDER BY in `first_value` needs all rows",
    ),
    (
        "SELECT approx_percentile_cont(price, 0.5) AS m FROM orders",
        "`approx_percentile_cont` cannot be put together from the values of the parts",
    ),
    (
        "SELECT percentile_cont(0.25) WITHIN GROUP (ORDER BY price) AS p FROM orders",
        "the ORDER BY in `percentile_cont` needs all rows",
    ),
    (
        "SELECT region, percentile_cont(0.5) WITHIN GROUP (ORDER BY price DESC) AS p FROM orders GROUP BY region",
        "the ORDER BY in `percentile_cont` needs all rows",
    ),
    (
        "SELECT listagg(note, ',') WITHIN GROUP (ORDER BY id) AS l FROM orders",
        "the ORDER BY in `string_agg` needs all rows",
    ),
    ("SELECT count(*) AS n FROM orders WHERE random() < 2", "`random` has another value in each part"),
    ("SELECT count(*) AS n FROM orders WHERE day < now()", "`now` has another value in each part"),
    ("SELECT label FROM regions", "the query does not read `orders`"),
];
