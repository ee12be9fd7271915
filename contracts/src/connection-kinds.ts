import { BUILT_IN_KINDS } from './enums.ts'

/** The kinds of providers that a connection can be of. Free of schemas. */

export const CONNECTION_KINDS = [
  ...BUILT_IN_KINDS,
  'openai',
  'google',
  'fal',
  'replicate',
  'bfl',
  'ideogram',
  'stability',
  'runway',
  'openai-compatible',
  'comfyui',
  'a1111',
  'sdcpp',
  'local',
] as const
export type ConnectionKind = (typeof CONNECTION_KINDS)[number]

/** Servers with a known dialect of OpenAI's images API; `openai` is that of OpenAI itself. */
export const COMPATIBLE_SERVERS = [
  'openai',
  'localai',
  'sd-cpp',
  'vllm-omni',
  'litellm',
  'together',
  'xai',
  'recraft',
  'openrouter',
] as const
export type CompatibleServer = (typeof COMPATIBLE_SERVERS)[number]

/** Facts of a kind of provider, for the page that adds connections and for the adapters. */
export interface ConnectionKindInfo {
  name: string
  /** A few words about what it offers. */
  offers: string
  /**
   * `service`: paid, over the internet. `server`: a server of the user's own. `machine`: the one that the studio runs on, which is there
   * once and is switched on. `built-in`: part of the studio, never added.
   */
  where: 'service' | 'server' | 'machine' | 'built-in'
  key: 'required' | 'optional' | 'none'
  /** Address that is used unless another is given; null if one must be given. */
  baseUrl: string | null
  /** Page at which a user adds credit. */
  billingUrl: string | null
}

export const KIND_INFO: Readonly<Record<ConnectionKind, ConnectionKindInfo>> = {
  demo: {
    name: 'Demo',
    offers: 'this machine, no AI model',
    where: 'built-in',
    key: 'none',
    baseUrl: null,
    billingUrl: null,
  },
  fake: { name: 'Fake', offers: 'for tests', where: 'built-in', key: 'none', baseUrl: null, billingUrl: null },
  openai: {
    name: 'OpenAI',
    offers: 'gpt-image',
    where: 'service',
    key: 'required',
    baseUrl: 'https://api.openai.com/v1',
    billingUrl: 'https://platform.openai.com/settings/organization/billing/overview',
  },
  google: {
    name: 'Google',
    offers: 'Gemini, Veo',
    where: 'service',
    key: 'required',
    baseUrl: 'https://generativelanguage.googleapis.com/v1beta',
    billingUrl: 'https://aistudio.google.com/usage',
  },
  fal: {
    name: 'fal',
    offers: 'many models, video',
    where: 'service',
    key: 'required',
    baseUrl: 'https://queue.fal.run',
    billingUrl: 'https://fal.ai/dashboard/billing',
  },
  replicate: {
    name: 'Replicate',
    offers: 'many models, video',
    where: 'service',
    key: 'required',
    baseUrl: 'https://api.replicate.com/v1',
    billingUrl: 'https://replicate.com/account/billing',
  },
  bfl: {
    name: 'Black Forest Labs',
    offers: 'FLUX',
    where: 'service',
    key: 'required',
    baseUrl: 'https://api.bfl.ai/v1',
    billingUrl: 'https://dashboard.bfl.ai',
  },
  ideogram: {
    name: 'Ideogram',
    offers: 'pictures with text',
    where: 'service',
    key: 'required',
    baseUrl: 'https://api.ideogram.ai',
    billingUrl: 'https://ideogram.ai/manage-api',
  },
  stability: {
    name: 'Stability AI',
    offers: 'Stable Image, edits',
    where: 'service',
    key: 'required',
    baseUrl: 'https://api.stability.ai',
    billingUrl: 'https://platform.stability.ai/account/credits',
  },
  runway: {
    name: 'Runway',
    offers: 'video, pictures',
    where: 'service',
    key: 'required',
    baseUrl: 'https://api.dev.runwayml.com/v1',
    billingUrl: 'https://dev.runwayml.com',
  },
  'openai-compatible': {
    name: 'OpenAI-compatible',
    offers: 'any server',
    where: 'server',
    key: 'optional',
    baseUrl: null,
    billingUrl: null,
  },
  comfyui: {
    name: 'ComfyUI',
    offers: 'your workflows',
    where: 'server',
    key: 'optional',
    baseUrl: null,
    billingUrl: null,
  },
  a1111: {
    name: 'A1111, Forge, SD.Next',
    offers: 'your checkpoints',
    where: 'server',
    key: 'optional',
    baseUrl: null,
    billingUrl: null,
  },
  sdcpp: {
    name: 'stable-diffusion.cpp',
    offers: 'its own API',
    where: 'server',
    key: 'optional',
    baseUrl: null,
    billingUrl: null,
  },
  local: {
    name: 'This machine',
    offers: 'upscales pictures, free',
    where: 'machine',
    key: 'none',
    baseUrl: null,
    billingUrl: null,
  },
}

/** Returns whether what a connection makes is made in the studio: it costs nothing, and no provider is called. */
export function isMadeInStudio(kind: ConnectionKind): boolean {
  return ['built-in', 'machine'].includes(KIND_INFO[kind].where)
}

/** Highest limit of the calls of a connection that are open at its provider at once. */
export const MAX_OPEN_CALLS = 1_000
/** The limit of a connection whose row has no number. */
const DEFAULT_MAX_OPEN_CALLS = 64

/** Returns how many calls of a kind are open at its provider at once by default; null for what is made in the studio: there is no limit. */
export function getDefaultMaxOpenCalls(kind: ConnectionKind): number | null {
  return isMadeInStudio(kind) ? null : DEFAULT_MAX_OPEN_CALLS
}

/** Connections that a user can add. */
export const ADDABLE_KINDS = CONNECTION_KINDS.filter(kind => KIND_INFO[kind].where !== 'built-in')
