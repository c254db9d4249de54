-- Runs once, in the containers of MySQL and MariaDB: tests end other connections and make schemas.
CREATE USER 'session'@'%' IDENTIFIED BY 'session';
GRANT ALL ON *.* TO 'session'@'%';
