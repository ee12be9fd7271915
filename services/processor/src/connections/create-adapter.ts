import type { Dialect } from '@darkroom/contracts/connection'
import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import type { Adapter } from '../providers/adapter.ts'
import { createComfyUiAdapter } from '../providers/comfyui/comfyui-adapter.ts'
import type { WorkflowSource } from '../providers/comfyui/load-workflows.ts'
import { createGoogleAdapter } from '../providers/google/google-adapter.ts'
import { createLocalAdapter } from '../providers/local/local-adapter.ts'
import type { Upscaler } from '../providers/local/upscaler.ts'
import { createOpenAiAdapter } from '../providers/openai/openai-adapter.ts'
import { createOpenAiCompatibleAdapter } from '../providers/openai-compatible/openai-compatible-adapter.ts'

/** The settings of a connection's adapter. */
export interface AdapterSettings {
  id: string
  kind: ConnectionKind
  baseUrl: string | null
  key: string | null
  /** Dialect that a user has set. */
  dialect: Dialect | null
  /** Dialect that a check has found. */
  foundDialect: Dialect | null
  /** Workflows of a connection to ComfyUI. */
  workflows: WorkflowSource
  /** The system's unless given. */
  fetch?: typeof fetch
  /** Enlarges images on this machine. It is that of the process: adapters share it. */
  upscaler?: Upscaler
}

/** Creates the adapter of a connection; undefined where it lacks what its kind needs, or its kind is built in. */
export function createAdapter(settings: AdapterSettings): Adapter | undefined {
  return FACTORIES[settings.kind]?.(settings)
}

const FACTORIES: Partial<Record<ConnectionKind, (settings: AdapterSettings) => Adapter | undefined>> = {
  openai: ({ id, baseUrl, key, fetch = globalThis.fetch }) => {
    if (key === null) return undefined
    return createOpenAiAdapter({ connection: id, baseUrl: baseUrl ?? KIND_INFO.openai.baseUrl ?? '', key, fetch })
  },
  google: ({ id, baseUrl, key, fetch = globalThis.fetch }) => {
    if (key === null) return undefined
    return createGoogleAdapter({ connection: id, baseUrl: baseUrl ?? KIND_INFO.google.baseUrl ?? '', key, fetch })
  },
  'openai-compatible': ({ id, baseUrl, key, dialect, foundDialect, fetch = globalThis.fetch }) => {
    if (baseUrl === null) return undefined
    return createOpenAiCompatibleAdapter({ connection: id, baseUrl, key, dialect, foundDialect, fetch })
  },
  comfyui: ({ id, baseUrl, key, workflows, fetch = globalThis.fetch }) => {
    if (baseUrl === null) return undefined
    return createComfyUiAdapter({ connection: id, baseUrl, key, workflows, fetch })
  },
  local: ({ id, upscaler }) => upscaler && createLocalAdapter({ connection: id, upscaler }),
}
