// Runs stages when it is told to: for whoever counts its instructions.
import { repeat, stages } from './stages.mjs'

const made = new Map()
process.on('message', ({ stage, side, times }) => {
  if (!made.has(stage)) made.set(stage, stages[stage]())
  const operation = made.get(stage)[side]
  if (operation !== undefined) repeat(operation, times)
  process.send({ done: operation !== undefined })
})
process.send('ready')
