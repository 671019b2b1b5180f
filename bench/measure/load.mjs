import { connectionsTo } from './connections.mjs'

/** As fine as timers are. */
const TICK_MS = 1

/** Asks a server over kept-alive connections. */
export class Load {
  #connections
  #pathOf
  #asked = 0

  /** @param path What is asked: one path, or a function that is given the number of the request. */
  constructor(server, path, connections) {
    this.#connections = connectionsTo(server, connections)
    this.#pathOf = typeof path === 'string' ? () => path : path
  }

  /** A closed loop: each connection asks as soon as it has its answer. Resolves when so many requests were answered. */
  run(requests) {
    return new Promise((resolve, reject) => {
      let left = requests
      let open = 0
      const next = (connection) => {
        if (left === 0) {
          if (open === 0) resolve()
          return
        }
        left--
        open++
        connection.ask(this.#pathOf(this.#asked++), (error) => {
          open--
          if (error) reject(error)
          else next(connection)
        })
      }
      for (const connection of this.#connections) next(connection)
    })
  }

  /**
   * So many requests per second, whether the answers keep up or not. Resolves with the milliseconds of each answer:
   * from when it was asked for, waiting for a connection included, but not for this process's timer.
   */
  pace(requests, perSecond) {
    return new Promise((resolve, reject) => {
      const milliseconds = []
      const waiting = []
      const idle = [...this.#connections]
      const begun = performance.now()
      let due = 0
      const ask = (since) => {
        const connection = idle.pop()
        if (connection === undefined) return waiting.push(since)
        connection.ask(this.#pathOf(this.#asked++), (error) => {
          if (error) return reject(error)
          milliseconds.push(performance.now() - since)
          idle.push(connection)
          if (milliseconds.length === requests) resolve(milliseconds)
          else if (waiting.length > 0) ask(waiting.shift())
        })
      }
      const tick = () => {
        const now = performance.now()
        const soFar = Math.min(requests, Math.floor(((now - begun) / 1000) * perSecond))
        for (; due < soFar; due++) ask(now)
        if (due < requests) setTimeout(tick, TICK_MS)
      }
      tick()
    })
  }

  close() {
    for (const connection of this.#connections) connection.close()
  }
}
