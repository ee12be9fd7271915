import type { Kind } from '@darkroom/contracts/enums'
import { FAILURES, type FailureClass, type FailureCode } from '@darkroom/contracts/failures'
import type { Model } from '@darkroom/contracts/model'

/** A reference image as a provider gets it: decoded, turned upright, re-encoded without metadata. */
export interface ProviderReference {
  mimeType: string
  bytes: Uint8Array
}

/** One call to a provider: some consecutive outputs of one generation. */
export interface ProviderRequest {
  model: string
  kind: Kind
  prompt: string
  negativePrompt?: string
  width: number
  height: number
  /** The outputs wanted, by their index in the generation. A provider numbers what it gives by these. */
  indices: readonly number[]
  /** Always set: what the person chose, else made from the generation's id, so that asking again gives the same. */
  seed: number
  duration?: number
  settings: Readonly<Record<string, string | number | boolean>>
  references: readonly ProviderReference[]
}

/** What a provider made. A URL may be gone soon; bytes have no second chance. */
export type ProviderOutput =
  | { index: number; kind: 'url'; url: string; expiresAt: Date | null; headers?: Record<string, string> }
  | { index: number; kind: 'bytes'; bytes: Uint8Array; mimeType: string; duration?: number }

/** How a submission was taken: as a job to ask for later, or answered at once, outputs coming as they are made. */
export type SubmitResult =
  | { kind: 'accepted'; requestId: string }
  | { kind: 'outputs'; outputs: AsyncIterable<ProviderOutput> }

export type CheckResult =
  | { kind: 'waiting'; pollAfterSeconds: number; queuePosition?: number; progress?: number; outputs: ProviderOutput[] }
  | { kind: 'finished'; outputs: ProviderOutput[] }
  | { kind: 'failed'; error: ProviderError }

export type CancelResult = 'cancelled' | 'too-late' | 'unsupported'

export interface CallOptions {
  /** The same for every try of the same call, for providers that recognise a repeated submission. */
  idempotencyKey: string
  signal: AbortSignal
  /** Told, as a fraction from 0 to 1, how far the call has come; only by providers that know. */
  onProgress?: (fraction: number) => void
}

/** The one port through which pictures are made. */
export interface Provider {
  readonly name: string
  /** Whether asking twice costs nothing, so that a call whose outcome is unknown may simply be made again. */
  readonly isFree: boolean
  /** Throws `ProviderError`. */
  submit(request: ProviderRequest, options: CallOptions): Promise<SubmitResult>
  /** Asks how a submitted request stands. Throws `ProviderError` where the question itself failed. */
  check(requestId: string, signal: AbortSignal): Promise<CheckResult>
  cancel(requestId: string, signal: AbortSignal): Promise<CancelResult>
  /** What it can do now. */
  models(signal: AbortSignal): Promise<Model[]>
  /** Lets go of what it holds in this process. */
  close?(): void | Promise<void>
}

/** A provider's failure, in words that may be shown: never its raw body, a key or an address. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: FailureCode
  readonly failure: FailureClass
  readonly retryAfterSeconds: number | null

  /**
   * @param options `message` and `failure` where the failure table's do not fit; `retryAfterSeconds` if the provider said when
   *   to come back
   */
  constructor(
    code: FailureCode,
    options: ErrorOptions & { message?: string; failure?: FailureClass; retryAfterSeconds?: number | null } = {},
  ) {
    super(options.message ?? FAILURES[code].message, options)
    this.code = code
    this.failure = options.failure ?? FAILURES[code].failure
    this.retryAfterSeconds = options.retryAfterSeconds ?? null
  }
}
