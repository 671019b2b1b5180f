export const MAIN_HELP = `Usage: peekapi <command> [options]

API analytics for Node.js without code.

Commands:
  dev -- <command>   run a command and show every request that its servers answer

Options:
  -h, --help         show this help; \`peekapi dev --help\` for that of a command
  -v, --version      show the version

Without the command line: PEEKAPI_API_KEY=… node --import @peekapi/auto app.js
`

export const DEV_HELP = `Usage: peekapi dev [options] -- <command> [arguments]

Runs a command with PeekAPI's preload and a collector on this machine: a line on stderr
for each request that its servers answer, and at the end a table of all endpoints.
Nothing leaves the machine. Input, output, signals and exit code are those of the command.

Examples:
  peekapi dev -- node app.js
  peekapi dev -- npm start

Options:
  -q, --quiet        only the table at the end
      --json         only the figures of the table, as one line of JSON on stderr
  -h, --help         show this help

Environment:
  PEEKAPI_*          as always; of PEEKAPI_ENDPOINT only the collector of this run is used
  NO_COLOR           no colours; FORCE_COLOR: colours also where stderr is no terminal
`
