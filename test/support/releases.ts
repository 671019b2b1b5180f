/**
 * How the directories of fixtures are named: the newest release of each major by the major, and by the host (`5-koa`), which
 * run in every run; older ones in full (`4.16`), by `npm run test:frameworks`.
 */
export const NEWEST_OF_MAJOR: RegExp = /^\d+(?:-[a-z]+)?$/
