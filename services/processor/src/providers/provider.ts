import type { Kind } from '@darkroom/contracts/enums'
import { FAILURES, type FailureClass, type FailureCode } from '@darkroom/contracts/failures'
import type { Model } from '@darkroom/contracts/model'

/** A reference image as it is sent to a provider: decoded, turned upright, and encoded again without metadata. */
export interface ProviderReference {
  mimeType: string
  bytes: Uint8Array
}

/** The content of one call to a provider: consecutive outputs of one generation. */
export interface ProviderRequest {
  model: string
  kind: Kind
  prompt: string
  negativePrompt?: string
  width: number
  height: number
  /** Indices of the requested outputs in the generation. A provider numbers its outputs by these. */
  indices: readonly number[]
  /** The user's choice, else derived from the generation's id, so that a retry gives the same output. */
  seed: number
  /** Seconds, of a video. */
  duration?: number
  settings: Readonly<Record<string, string | number | boolean>>
  references: readonly ProviderReference[]
}

/** An output that a provider has made. A URL may expire soon; bytes exist in this process only. */
export type ProviderOutput =
  | { index: number; kind: 'url'; url: string; expiresAt: Date | null; headers?: Record<string, string> }
  | { index: number; kind: 'bytes'; bytes: Uint8Array; mimeType: string; duration?: number }

/** The response to a submission, unread. */
export interface RawAnswer {
  headers: Record<string, string>
  /** The body as it arrives. @throws ProviderError when it is cut off or too long */
  body: AsyncIterable<Uint8Array>
}

/** A response to a submission that is on the disk, or is being written there: it can be read from its beginning at any time. */
export interface SavedAnswer {
  /** Resolves when the answer has begun; rejects with the error of the submission. */
  headers(): Promise<Record<string, string>>
  /** Reads the body to its present end, or follows it while it arrives. */
  body(signal: AbortSignal): AsyncIterable<Uint8Array>
}

/** The content of a response to a submission: a request id to poll, or a stream of outputs as they are made. */
export type SubmitResult =
  | { kind: 'accepted'; requestId: string }
  | { kind: 'outputs'; outputs: AsyncIterable<ProviderOutput> }

/** The state of a submitted request. `progress` is from 0 to 1. */
export type CheckResult =
  | { kind: 'waiting'; pollAfterSeconds: number; queuePosition?: number; progress?: number; outputs: ProviderOutput[] }
  | { kind: 'finished'; outputs: ProviderOutput[] }
  | { kind: 'failed'; error: ProviderError }

export type CancelResult = 'cancelled' | 'too-late' | 'unsupported'

export interface CallOptions {
  /** The same for every try of a call, for providers that recognise repeated submissions. */
  idempotencyKey: string
  signal: AbortSignal
  /** Called with the progress of the call, from 0 to 1, by providers that report it. */
  onProgress?: (fraction: number) => void
}

export interface AnswerOptions extends Pick<CallOptions, 'signal' | 'onProgress'> {
  model: string
  /** Indices of the requested outputs in the generation. */
  indices: readonly number[]
}

/** The way in which a provider is called. */
export type Submitting =
  | {
      /** `remote`: over the network. Its answer is written to the journal, unread, before anything else is done with it. */
      readonly kind: 'remote'
      /** Submits a call with one request. @throws ProviderError */
      submit(request: ProviderRequest, options: CallOptions): Promise<RawAnswer>
      /** Reads an answer that is arriving, or that an earlier process has left, alike. @throws ProviderError */
      readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult>
    }
  | {
      /** `local`: in this process, which can make the same again at no cost. */
      readonly kind: 'local'
      /** Makes the outputs. @throws ProviderError */
      make(request: ProviderRequest, options: CallOptions): Promise<AsyncIterable<ProviderOutput>>
    }

/** An adapter of an image or video provider. */
export interface Provider {
  readonly name: string
  /** Whether calls cost nothing, so that a call whose outcome is unknown may be made again. */
  readonly isFree: boolean
  readonly submitting: Submitting
  /** Polls a submitted request. @throws ProviderError when the poll itself fails */
  check(requestId: string, signal: AbortSignal): Promise<CheckResult>
  /** Asks the provider to stop a submitted request. @throws ProviderError */
  cancel(requestId: string, signal: AbortSignal): Promise<CancelResult>
  /** Returns the models that it offers now. @throws ProviderError */
  models(signal: AbortSignal): Promise<Model[]>
  /** Releases its resources in this process. */
  close?(): void | Promise<void>
}

/** A failure of a provider. Its message may be shown to users: it never has a response body, a key or a URL in it. */
export class ProviderError extends Error {
  override readonly name = 'ProviderError'
  readonly code: FailureCode
  readonly failure: FailureClass
  readonly retryAfterSeconds: number | null

  /**
   * @param options `message` and `failure` where those of the failure table do not fit; `retryAfterSeconds` if the provider
   *   named the time of the next try
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
