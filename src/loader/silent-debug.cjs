/** Stands in the bundle for the `debug` package: under `DEBUG=*` that one would write to the application's stderr. */
module.exports = () => () => {}
