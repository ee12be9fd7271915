import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { Config } from '@darkroom/infra/config'
import { type EncryptionKey, keyHmac } from '@darkroom/infra/connections/encryption-key'

/** A connection that the environment of this process describes. */
export interface EnvironmentConnection {
  kind: ConnectionKind
  /** Setting that it comes from. */
  variable: string
  baseUrl: string
  key: string | null
}

type EnvironmentSettings = Pick<
  Config,
  | 'OPENAI_API_KEY'
  | 'OPENAI_BASE_URL'
  | 'OPENAI_COMPATIBLE_URL'
  | 'OPENAI_COMPATIBLE_KEY'
  | 'COMFYUI_URL'
  | 'COMFYUI_KEY'
>

/** Returns the connections of the environment. */
export function readEnvironmentConnections(config: EnvironmentSettings): EnvironmentConnection[] {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_COMPATIBLE_URL, OPENAI_COMPATIBLE_KEY, COMFYUI_URL } = config
  const connections: EnvironmentConnection[] = []
  if (OPENAI_API_KEY !== undefined) {
    const baseUrl = OPENAI_BASE_URL ?? KIND_INFO.openai.baseUrl ?? ''
    connections.push({ kind: 'openai', variable: 'OPENAI_API_KEY', baseUrl, key: OPENAI_API_KEY })
  }
  if (OPENAI_COMPATIBLE_URL !== undefined) {
    connections.push({
      kind: 'openai-compatible',
      variable: 'OPENAI_COMPATIBLE_URL',
      baseUrl: OPENAI_COMPATIBLE_URL,
      key: OPENAI_COMPATIBLE_KEY ?? null,
    })
  }
  if (COMFYUI_URL !== undefined) {
    const key = config.COMFYUI_KEY ?? null
    connections.push({ kind: 'comfyui', variable: 'COMFYUI_URL', baseUrl: COMFYUI_URL, key })
  }
  return connections
}

/** Returns a text by which the row of a connection of the environment is found again: it differs by address and key, and shows neither. */
export function computeEnvironmentHmac(encryptionKey: EncryptionKey, { baseUrl, key }: EnvironmentConnection): string {
  return keyHmac(encryptionKey, `${baseUrl}\n${key ?? ''}`)
}
