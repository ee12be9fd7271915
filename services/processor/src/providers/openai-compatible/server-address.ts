import type { CompatibleServer } from '@darkroom/contracts/connection-kinds'
import type { ServerPreset } from './server-preset.ts'
import { PRESETS } from './server-presets.ts'

/** The addresses of a server. None ends with a slash. */
export interface ServerAddress {
  /** Below it are the paths of the API: `http://host:8080/v1`. */
  api: string
  /** Below it are the pages beside the API. */
  root: string
  origin: string
}

/** A version at the end of a path: `/v1`, `/v1beta`. */
const VERSION = /\/v\d+[a-z]*$/

/** Resolves the address that a user has entered, with or without the version of the API at its end. */
export function resolveAddress(baseUrl: string, { prefix }: Pick<ServerPreset, 'prefix'>): ServerAddress {
  const { origin, pathname } = new URL(baseUrl)
  const path = pathname.replace(/\/+$/, '')
  const root = origin + path.replace(VERSION, '')
  if (VERSION.test(path)) return { api: origin + path, root, origin }
  const [, parent = ''] = /^(\/.*)?\/v1$/.exec(prefix) ?? []
  const rest = parent !== '' && path.endsWith(parent) ? prefix.slice(parent.length) : prefix
  return { api: origin + path + rest, root, origin }
}

/** Returns the service that is always at the host of an address; null for any other. */
export function findServerByHost(baseUrl: string): CompatibleServer | null {
  const { hostname } = new URL(baseUrl)
  const entry = Object.entries(PRESETS).find(([, { hosts }]) => hosts.includes(hostname))
  return entry ? (entry[0] as CompatibleServer) : null
}
