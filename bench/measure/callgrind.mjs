import { execFile, fork, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One thread, and the same seeds each time: what is left to chance is below one per cent. */
const DETERMINISTIC = ['--single-threaded', '--hash-seed=1', '--random-seed=1']

/** Whether this machine can count instructions. */
export function canCount() {
  return ['valgrind', 'vgdb'].every((tool) => spawnSync(tool, ['--help']).error === undefined)
}

/**
 * A Node program under callgrind, which counts the instructions it executes in user space, compiled JavaScript
 * included. Other work on the machine changes nothing about the count.
 */
export class CountedProgram {
  #directory = mkdtempSync(join(tmpdir(), 'peekapi-callgrind-'))
  #child

  /** Resolves with the program once it has sent its first message. */
  static async start(file, { execArgv = [], env = process.env } = {}) {
    const program = new CountedProgram()
    const valgrind = ['--quiet', '--tool=callgrind', '--smc-check=all-non-file', '--instr-atstart=no']
    program.#child = fork(file, {
      execPath: 'valgrind',
      execArgv: [
        ...valgrind,
        `--callgrind-out-file=${join(program.#directory, 'out')}`,
        process.execPath,
        ...DETERMINISTIC,
        ...execArgv,
      ],
      env,
    })
    const exited = once(program.#child, 'exit').then(() =>
      Promise.reject(new Error(`${file} ended at its start`)),
    )
    ;[program.hello] = await Promise.race([once(program.#child, 'message'), exited])
    exited.catch(() => {})
    return program
  }

  /** Sends a message, and resolves with the answer. */
  async ask(message) {
    this.#child.send(message)
    const [answer] = await once(this.#child, 'message')
    return answer
  }

  /** Begins to count. Before that the program runs four times as fast. */
  async begin() {
    await this.#monitor('instrumentation', 'on')
  }

  /** How many instructions the program executes during an action. */
  async count(action) {
    await this.#monitor('zero')
    await action()
    await this.#monitor('dump')
    let instructions = 0
    for (const name of readdirSync(this.#directory)) {
      const file = join(this.#directory, name)
      instructions += Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0)
      rmSync(file)
    }
    return instructions
  }

  async stop() {
    const closed = once(this.#child, 'close')
    this.#child.kill('SIGKILL')
    await closed
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #monitor(...command) {
    return run('vgdb', [`--pid=${this.#child.pid}`, ...command])
  }
}
