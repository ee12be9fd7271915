import type { Dialect } from '@darkroom/contracts/connection'
import { type ConnectionKind, KIND_INFO } from '@darkroom/contracts/connection-kinds'
import { createA1111Adapter } from '../providers/a1111/a1111-adapter.ts'
import type { Adapter } from '../providers/adapter.ts'
import { createBflAdapter } from '../providers/bfl/bfl-adapter.ts'
import { createComfyUiAdapter } from '../providers/comfyui/comfyui-adapter.ts'
import type { WorkflowSource } from '../providers/comfyui/load-workflows.ts'
import { createFalAdapter } from '../providers/fal/fal-adapter.ts'
import { createGoogleAdapter } from '../providers/google/google-adapter.ts'
import { createIdeogramAdapter } from '../providers/ideogram/ideogram-adapter.ts'
import { createLocalAdapter } from '../providers/local/local-adapter.ts'
import type { Upscaler } from '../providers/local/upscaler.ts'
import { createOpenAiAdapter } from '../providers/openai/openai-adapter.ts'
import { createOpenAiCompatibleAdapter } from '../providers/openai-compatible/openai-compatible-adapter.ts'
import { createReplicateAdapter } from '../providers/replicate/replicate-adapter.ts'
import { createRunwayAdapter } from '../providers/runway/runway-adapter.ts'
import { createSdCppAdapter } from '../providers/sdcpp/sdcpp-adapter.ts'
import { createStabilityAdapter } from '../providers/stability/stability-adapter.ts'

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

type Factory = (settings: AdapterSettings) => Adapter | undefined

const FACTORIES: Partial<Record<ConnectionKind, Factory>> = {
  openai: withKey(createOpenAiAdapter),
  google: withKey(createGoogleAdapter),
  fal: withKey(createFalAdapter),
  replicate: withKey(createReplicateAdapter),
  bfl: withKey(createBflAdapter),
  ideogram: withKey(createIdeogramAdapter),
  stability: withKey(createStabilityAdapter),
  runway: withKey(createRunwayAdapter),
  'openai-compatible': ({ id, baseUrl, key, dialect, foundDialect, fetch = globalThis.fetch }) => {
    if (baseUrl === null) return undefined
    return createOpenAiCompatibleAdapter({ connection: id, baseUrl, key, dialect, foundDialect, fetch })
  },
  comfyui: ({ id, baseUrl, key, workflows, fetch = globalThis.fetch }) => {
    if (baseUrl === null) return undefined
    return createComfyUiAdapter({ connection: id, baseUrl, key, workflows, fetch })
  },
  a1111: withAddress(createA1111Adapter),
  sdcpp: withAddress(createSdCppAdapter),
  local: ({ id, upscaler }) => upscaler && createLocalAdapter({ connection: id, upscaler }),
}

/** Options of every adapter of a server. */
interface ServerOptions<Key> {
  connection: string
  baseUrl: string
  key: Key
  fetch: typeof fetch
}

/** Returns the factory of an account at a service, which needs a key. */
function withKey(create: (options: ServerOptions<string>) => Adapter): Factory {
  return ({ id, kind, baseUrl, key, fetch = globalThis.fetch }) =>
    key === null ? undefined : create({ connection: id, baseUrl: baseUrl ?? KIND_INFO[kind].baseUrl ?? '', key, fetch })
}

/** Returns the factory of a server of the user's own, which needs an address. */
function withAddress(create: (options: ServerOptions<string | null>) => Adapter): Factory {
  return ({ id, baseUrl, key, fetch = globalThis.fetch }) =>
    baseUrl === null ? undefined : create({ connection: id, baseUrl, key, fetch })
}
