import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { Config } from '@darkroom/infra/config'
import { type EncryptionKey, keyHmac } from '@darkroom/infra/connections/encryption-key'
import type { PROVIDER_SETTINGS } from '@darkroom/infra/provider-settings'

/** A connection that the environment of this process describes. */
export interface EnvironmentConnection {
  kind: ConnectionKind
  /** Setting that it comes from. */
  variable: string
  baseUrl: string
  key: string | null
}

/** Accounts at services: a key makes a connection. */
const ACCOUNTS = [
  { kind: 'openai', key: 'OPENAI_API_KEY', baseUrl: 'OPENAI_BASE_URL' },
  { kind: 'google', key: 'GEMINI_API_KEY', baseUrl: 'GOOGLE_BASE_URL' },
  { kind: 'fal', key: 'FAL_KEY', baseUrl: 'FAL_BASE_URL' },
  { kind: 'replicate', key: 'REPLICATE_API_TOKEN', baseUrl: 'REPLICATE_BASE_URL' },
  { kind: 'bfl', key: 'BFL_API_KEY', baseUrl: 'BFL_BASE_URL' },
  { kind: 'ideogram', key: 'IDEOGRAM_API_KEY', baseUrl: 'IDEOGRAM_BASE_URL' },
  { kind: 'stability', key: 'STABILITY_API_KEY', baseUrl: 'STABILITY_BASE_URL' },
  { kind: 'runway', key: 'RUNWAYML_API_SECRET', baseUrl: 'RUNWAY_BASE_URL' },
] as const satisfies readonly { kind: ConnectionKind; key: Setting; baseUrl: Setting }[]

/** Servers of the user's own: an address makes a connection. */
const SERVERS = [
  { kind: 'openai-compatible', baseUrl: 'OPENAI_COMPATIBLE_URL', key: 'OPENAI_COMPATIBLE_KEY' },
  { kind: 'comfyui', baseUrl: 'COMFYUI_URL', key: 'COMFYUI_KEY' },
  { kind: 'a1111', baseUrl: 'A1111_URL', key: 'A1111_KEY' },
  { kind: 'sdcpp', baseUrl: 'SDCPP_URL', key: 'SDCPP_KEY' },
] as const satisfies readonly { kind: ConnectionKind; key: Setting; baseUrl: Setting }[]

type Setting = keyof typeof PROVIDER_SETTINGS

/** Returns the setting that makes a connection of a kind; undefined if there is none. */
export function findVariable(kind: ConnectionKind): string | undefined {
  const account = ACCOUNTS.find(entry => entry.kind === kind)
  return account?.key ?? SERVERS.find(entry => entry.kind === kind)?.baseUrl
}

/** Returns the connections of the environment. */
export function readEnvironmentConnections(config: Pick<Config, Setting>): EnvironmentConnection[] {
  const accounts = ACCOUNTS.flatMap(({ kind, key: variable, baseUrl }) => {
    const key = config[variable]
    return key === undefined ? [] : [{ kind, variable, key, baseUrl: config[baseUrl] ?? KIND_INFO[kind].baseUrl ?? '' }]
  })
  const servers = SERVERS.flatMap(({ kind, key, baseUrl: variable }) => {
    const baseUrl = config[variable]
    return baseUrl === undefined ? [] : [{ kind, variable, baseUrl, key: config[key] ?? null }]
  })
  return [...accounts, ...servers]
}

/** Returns a text by which the row of a connection of the environment is found again: it differs by address and key, and shows neither. */
export function computeEnvironmentHmac(encryptionKey: EncryptionKey, { baseUrl, key }: EnvironmentConnection): string {
  return keyHmac(encryptionKey, `${baseUrl}\n${key ?? ''}`)
}
