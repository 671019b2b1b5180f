import surface from './register.cjs'
export const { track, flush, shutdown, setConsumer, stats, PeekApiClient } = surface
