import type { HttpClient } from '../http/http-client.ts'
import { resolveAddress, type ServerAddress } from './server-address.ts'
import type { ServerPreset } from './server-preset.ts'

export interface ServerOptions {
  baseUrl: string
  key: string | null
  fetch: typeof fetch
  /** Time limit of a request, in ms. */
  deadlineMs: number
}

/** The clients of one server: its API, and what lies beside it. Both send the key. */
export interface ServerClients {
  address: ServerAddress
  api: HttpClient
  root: HttpClient
}

export function createClients({ baseUrl, key, fetch, deadlineMs }: ServerOptions, preset: ServerPreset): ServerClients {
  const address = resolveAddress(baseUrl, preset)
  const client = { headers: () => createKeyHeaders(key), fetch, deadlineMs }
  return { address, api: { ...client, baseUrl: address.api }, root: { ...client, baseUrl: address.root } }
}

/** Returns the headers that have the key; none without one. */
export function createKeyHeaders(key: string | null): Record<string, string> {
  return key === null ? {} : { authorization: `Bearer ${key}` }
}
