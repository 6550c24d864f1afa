-- The facts as a table of Athena; put the bucket's name (output FactsBucketName) in place of BUCKET. Days and hours are found by their names: nothing has
-- to be loaded. `day` is the country's, `utc_day` and `utc_hour` say when it was. Sum `times`: what applications report together is one row.
CREATE EXTERNAL TABLE facts (
  kind string,
  day string,
  certificate string,
  state string,
  district string,
  age string,
  gender string,
  vaccine string,
  dose string,
  facility string,
  programme string,
  way string,
  times int
)
PARTITIONED BY (utc_day string, utc_hour string)
STORED AS PARQUET
LOCATION 's3://BUCKET/facts/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.utc_day.type' = 'date',
  'projection.utc_day.format' = 'yyyy-MM-dd',
  'projection.utc_day.range' = '2026-01-01,NOW',
  'projection.utc_hour.type' = 'integer',
  'projection.utc_hour.range' = '0,23',
  'projection.utc_hour.digits' = '2',
  'storage.location.template' = 's3://BUCKET/facts/utc_day=${utc_day}/utc_hour=${utc_hour}/'
);

-- For instance: who was given a second dose, by district and age, which no counter answers.
-- SELECT state, district, age, sum(times) FROM facts
-- WHERE utc_day BETWEEN '2026-11-01' AND '2026-11-30' AND kind = 'issued' AND dose = '2' GROUP BY state, district, age;
