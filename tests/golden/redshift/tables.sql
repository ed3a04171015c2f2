-- The tables that the golden files ask. Those with their source are examples of Redshift's documentation.

CREATE TABLE t (a int, b varchar(10), c numeric(12,2), d date, ts timestamp, ch char(5), f float8, s smallint, g bigint,
    yes boolean);
INSERT INTO t VALUES
    (1, 'x', 1.50, '2020-01-31', '2020-01-31 10:00:00', 'ab', 1.5, 1, 1, true),
    (2, 'y ', 2.25, '2020-02-29', '2020-02-29 23:59:59', 'cd', 2.5, 2, 2, false),
    (1, 'y', 3.10, '2021-01-01', '2021-01-01', 'ab', -1, 3, 3, true),
    (3, null, null, null, null, null, null, null, null, null);

CREATE TABLE u (a int, x varchar(20));
INSERT INTO u VALUES (1, 'one'), (2, 'two'), (9, 'nine');

CREATE TABLE empty (a int, b varchar(10), c numeric(12,2));

CREATE VIEW v AS SELECT a, SUM(c) AS total FROM t GROUP BY a;
CREATE VIEW renamed (p, q) AS SELECT a, total FROM v WHERE total > 2;

-- "Sample table for window function examples"
CREATE TABLE winsales (salesid int, dateid date, sellerid int, buyerid char(10), qty int, qty_shipped int);
INSERT INTO winsales VALUES
    (30001, '8/2/2003', 3, 'b', 10, 10),
    (10001, '12/24/2003', 1, 'c', 10, 10),
    (10005, '12/24/2003', 1, 'a', 30, null),
    (40001, '1/9/2004', 4, 'a', 40, null),
    (10006, '1/18/2004', 1, 'c', 10, null),
    (20001, '2/12/2004', 2, 'b', 20, 20),
    (40005, '2/12/2004', 4, 'a', 10, 10),
    (20002, '2/16/2004', 2, 'c', 20, 20),
    (30003, '4/18/2004', 3, 'b', 15, null),
    (30004, '4/18/2004', 3, 'b', 20, null),
    (30007, '9/7/2004', 3, 'c', 30, null);

-- "PIVOT and UNPIVOT examples"
CREATE TABLE part (partname varchar, manufacturer varchar, quality int, price decimal(12, 2));
INSERT INTO part VALUES
    ('prop', 'local parts co', 2, 10.00),
    ('prop', 'big parts co', NULL, 9.00),
    ('prop', 'small parts co', 1, 12.00),
    ('rudder', 'local parts co', 1, 2.50),
    ('rudder', 'big parts co', 2, 3.75),
    ('rudder', 'small parts co', NULL, 1.90),
    ('wing', 'local parts co', NULL, 7.50),
    ('wing', 'big parts co', 1, 15.20),
    ('wing', 'small parts co', NULL, 11.80);
CREATE TABLE count_by_color (quality varchar, red int, green int, blue int);
INSERT INTO count_by_color VALUES ('high', 15, 20, 7), ('normal', 35, NULL, 40), ('low', 10, 23, NULL);

-- "CONNECT BY clause"
CREATE TABLE employee (id int, name varchar(20), manager_id int);
INSERT INTO employee (id, name, manager_id) VALUES
    (100, 'Carlos', null), (101, 'John', 100), (102, 'Jorge', 101), (103, 'Kwaku', 101), (110, 'Liu', 101),
    (106, 'Mateo', 102), (110, 'Nikki', 103), (104, 'Paulo', 103), (105, 'Richard', 103), (120, 'Saanvi', 104),
    (200, 'Shirley', 104), (201, 'Sofía', 102), (205, 'Zhang', 104);

-- "Querying semistructured data"
CREATE TABLE bar (data super);
INSERT INTO bar SELECT json_parse('{"scalar_array": [1, 2.3, 45000000]}');
CREATE TABLE foo (multi_level_array super);
INSERT INTO foo SELECT json_parse('[[1.1, 1.2], [2.1, 2.2], [3.1, 3.2]]');
CREATE TABLE orders (id int, customer super);
INSERT INTO orders SELECT 1, json_parse('{"name": "Ann", "tags": ["a", "b"], "lines": [{"part": 7, "qty": 2}, {"part": 8, "qty": 1}], "vip": true}');
INSERT INTO orders SELECT 2, json_parse('{"name": "Bob ", "tags": [], "lines": [{"part": "7", "qty": 5}], "vip": null}');
INSERT INTO orders SELECT 3, json_parse('[1, "two"]');
INSERT INTO orders SELECT 4, null;

CREATE TABLE stored (id int identity(1, 1), name varchar(3) DEFAULT 'x' || 'y', code char(4), price numeric(5,2),
    day date DEFAULT current_date, at timestamp DEFAULT sysdate, moment timestamptz, clock time, flag boolean, big bigint);
