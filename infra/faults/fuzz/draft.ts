import type { FormPart } from '../bad-input/case.ts'

/** Resources of a studio that requests can name. */
export interface KnownResources {
  generationId: string
  referenceId: string
  mediaPath: string
  cursor: string
}

/** A request before it is serialized. Each part is mutated in its own way. */
export interface RequestDraft {
  method: string
  target: string
  headers: [string, string][]
  content: { json: unknown } | { form: FormPart[] } | { bytes: Uint8Array } | null
  framing: 'length' | 'chunked' | 'none'
  /** Names of the mutations. A request without any must succeed. */
  mutations: string[]
  /** Whether it is valid HTTP, which must be answered. */
  isWellFormed: boolean
  /** Whether it is sent while no other is, so that its use of CPU and memory can be measured. */
  isMeasured: boolean
}

/** Creates a request for a resource. */
export function getDraft(target: string): RequestDraft {
  return {
    method: 'GET',
    target,
    headers: [],
    content: null,
    framing: 'length',
    mutations: [],
    isWellFormed: true,
    isMeasured: false,
  }
}
