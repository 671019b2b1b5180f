import client from './client.cjs'
export const { PeekApiClient } = client
