import type { Dialect } from '@darkroom/contracts/connection'
import type { Setting, Sizes } from '@darkroom/contracts/model'

/** The fields of a dialect that decide how a request is written. */
export type DialectFields = {
  [Field in Exclude<keyof Dialect, 'server' | 'outputMicros' | 'models'>]-?: Exclude<Dialect[Field], undefined>
}

/** The dialect of a known server, as data. Its `fields` can be changed by a user; the rest belongs to the server. */
export interface ServerPreset {
  /** Name for users. */
  name: string
  /** Hosts at which it is always found. */
  hosts: readonly string[]
  /** Path of its API in front of the other paths. */
  prefix: '/v1' | '/api/v1'
  fields: DialectFields
  /** Price of an output in micro-units of USD where it is the same for all models: 0 for a server of the user's own. */
  outputMicros: number | null
  sizes: Sizes
  /** Names of the fields in which the values are sent; `extra-args`: in a block within the prompt. */
  names: { seed: string; negativePrompt: string; steps: string; file: string }
  jsonImages: 'openai' | 'xai' | 'localai'
  maxReferences: number
  mask: 'alpha-is-edit' | 'white-is-edit'
  /** Whether the tier of a resolution is sent beside the aspect ratio. */
  sendsResolution: boolean
  promptCharacters: number
  /** Settings that are sent as fields of the same name. */
  settings: Readonly<Record<string, Setting>>
  /** Fields that are only sent with reference images. */
  editOnly: readonly string[]
  /** Headers of each request. */
  headers: Readonly<Record<string, string>>
  /** Path that answers with an error to a wrong key, where that of the models does not. */
  keyPath: string | null
  /** The part of an answer that has the cost of its call. */
  cost: 'none' | 'usage-cost' | 'usage-ticks' | 'credits' | 'litellm-header'
  /** Seconds for which an output that is answered as a URL can be fetched. */
  urlSeconds: number | null
  /** Models of a server that does not list them. */
  models: readonly ListedModel[]
}

/** A model as a server lists it, or as its preset knows it. */
export interface ListedModel {
  /** Name in requests; null for the one model of a server that does not name it. */
  name: string | null
  title: string
  sizes?: Sizes
  promptCharacters?: number
  outputMicros?: number
  takesReferences?: boolean
  /** The day on which it is switched off, as `2026-12-01`. */
  retiresAt?: string
}
