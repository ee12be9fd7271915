import type { Dialect } from '@darkroom/contracts/connection'
import type { ConnectionKind } from '@darkroom/contracts/connection-kinds'
import type { Kind } from '@darkroom/contracts/enums'
import { FAILURES, type FailureClass, type FailureCode } from '@darkroom/contracts/failures'
import type { InputRole, ModelSpec, Operation } from '@darkroom/contracts/model'

/** An input image as it is sent to a provider: decoded, turned upright, and encoded again without metadata. */
export interface ProviderReference {
  role: InputRole
  mimeType: string
  bytes: Uint8Array
  width: number
  height: number
}

/** The content of one call to a provider: consecutive outputs of one generation. */
export interface ProviderRequest {
  model: string
  kind: Kind
  operation: Operation
  prompt: string
  negativePrompt?: string
  width: number
  height: number
  /** The chosen aspect ratio, as `3:2`. */
  aspectRatio: string
  /** The chosen resolution: pixels of the side of the square of equal area, a tier of the model, `1536x1024`, or `auto`. */
  resolution: number | string
  /** Indices of the requested outputs in the generation. A provider numbers its outputs by these. */
  indices: readonly number[]
  /**
   * The user's choice, else derived from the generation's id, so that a retry gives the same output. It goes up by the index of the first
   * output: each call has its own. Within the model's range.
   */
  seed: number
  /** Seconds, of a video. */
  duration?: number
  /** The chosen settings, with the defaults of the model. */
  settings: Readonly<Record<string, string | number | boolean>>
  /** Reference images and other inputs; a mask is in the polarity of the model. */
  references: readonly ProviderReference[]
}

/**
 * An output that a provider has made, or refused. A URL may expire soon; `needsAuth` marks one that is fetched with the headers of
 * `Adapter.download`. Bytes exist in this process only. `posterUrl`: an image of a video, where the provider has one; it is fetched as the
 * video is.
 */
export type ProviderOutput =
  | { index: number; kind: 'url'; url: string; expiresAt: Date | null; needsAuth?: boolean; posterUrl?: string }
  | { index: number; kind: 'bytes'; bytes: Uint8Array; mimeType: string; duration?: number }
  | { index: number; kind: 'refused'; error: ProviderError }

/** Facts about a call that its provider reports. */
export interface Receipt {
  /** Cost of the whole call, in micro-units. */
  cost?: { micros: number; currency: string }
  /** Tokens and other units, by the provider's names. */
  usage?: Record<string, number>
  /** Identifier of the call for the provider's support. */
  trace?: string
  /** Seed that was used. */
  seed?: number
  /** Prompt that was used, where the provider has rewritten it. */
  revisedPrompt?: string
  /** The model that ran, by its provider's name, where the provider says it. */
  model?: string
}

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

/**
 * The content of a response to a submission: a handle to poll, or a stream of outputs as they are made. A handle is a text of at most
 * `MAX_HANDLE_CHARACTERS` that only the adapter understands; it is stored, so it has no key in it.
 */
export type SubmitResult =
  | { kind: 'accepted'; handle: string }
  | { kind: 'outputs'; outputs: AsyncIterable<ProviderOutput> }

export const MAX_HANDLE_CHARACTERS = 2_048

/**
 * The state of a submitted request. `progress` is from 0 to 1. `queuePosition` is there while the provider has not begun with it: its place
 * in the queue, 1 for the next, or 0 where the provider does not say the place. `gone`: the provider has removed it; `never-seen`: it has
 * none of it.
 */
export type CheckResult =
  | { kind: 'waiting'; pollAfterSeconds: number; queuePosition?: number; progress?: number; outputs: ProviderOutput[] }
  | { kind: 'finished'; outputs: ProviderOutput[] }
  | { kind: 'failed'; error: ProviderError }
  | { kind: 'gone' }
  | { kind: 'never-seen' }

/** The provider's response to a cancel. `billed` is null where the provider does not say it. */
export interface CancelResult {
  kind: 'cancelled' | 'too-late' | 'unsupported'
  billed: boolean | null
}

/** The trace of a submission whose answer was lost. */
export type RecoverResult = { kind: 'found'; handle: string } | { kind: 'never-taken' } | { kind: 'cannot-tell' }

export interface CallOptions {
  /** The same for every try of a call, for providers that recognise repeated submissions. */
  idempotencyKey: string
  signal: AbortSignal
  /** Whether somebody watches: previews may be requested, where the user has chosen them. */
  previews?: boolean
  /** Called with the progress of the call, from 0 to 1, by providers that report it. */
  onProgress?: (fraction: number) => void
  /** Called with an image of an output as it is so far, in any format, by providers that show it before their answer. */
  onPreview?: (index: number, bytes: Uint8Array) => void
}

export interface AnswerOptions extends Pick<CallOptions, 'signal' | 'onProgress'> {
  model: string
  /** Indices of the requested outputs in the generation. */
  indices: readonly number[]
  /** Called with what the provider reports about the call, once it is known; the same again for an answer that is read again. */
  onReceipt?: (receipt: Receipt) => void
  /** Called with an image of an output as it is so far, in any format, where it is in the answer. */
  onPreview?: (index: number, bytes: Uint8Array) => void
}

export interface CheckOptions extends Partial<Pick<AnswerOptions, 'onReceipt' | 'indices'>> {
  /** Time since the request was submitted; 0 unless given. */
  ageSeconds?: number
}

/** Listeners to a request while it runs. */
export interface WatchOptions {
  /** Indices of the requested outputs in the generation. */
  indices: readonly number[]
  /** Called with the progress of the call, from 0 to 1. */
  onProgress: (fraction: number) => void
  /** Called with an image of an output as it is so far, in any format. */
  onPreview: (index: number, bytes: Uint8Array) => void
}

/** The way in which a provider is called. */
export type Submitting =
  | {
      /** `remote`: over the network. Its answer is written to the journal, unread, before anything else is done with it. */
      readonly kind: 'remote'
      /** Submits a call with one request. @throws ProviderError */
      submit(request: ProviderRequest, options: CallOptions): Promise<RawAnswer>
      /**
       * Reads an answer that is arriving, or that an earlier process has left, alike. An answer that is cut off is an error of class
       * `unknown`. @throws ProviderError
       */
      readAnswer(answer: SavedAnswer, options: AnswerOptions): Promise<SubmitResult>
      /**
       * Looks for a call whose answer was lost, by its idempotency key. Absent: the provider cannot be asked.
       *
       * @param ageSeconds time since it was submitted, or was about to be
       * @throws ProviderError
       */
      recover?(idempotencyKey: string, ageSeconds: number, signal: AbortSignal): Promise<RecoverResult>
      /**
       * Asks a server that answers at once, so that there is no handle, to stop a call, if it is the one that runs there now. Its answer comes
       * all the same. Absent: it cannot be stopped.
       *
       * @throws ProviderError
       */
      interrupt?(idempotencyKey: string, signal: AbortSignal): Promise<void>
    }
  | {
      /** `local`: in this process, which can make the same again at no cost. */
      readonly kind: 'local'
      /** Makes the outputs. @throws ProviderError */
      make(request: ProviderRequest, options: CallOptions): Promise<AsyncIterable<ProviderOutput>>
    }

/** The result of a check of a connection that costs nothing. `note` is a sentence for users. */
export type ConnectionCheck = { ok: true; note: string; dialect?: Dialect } | { ok: false; error: ProviderError }

/** Access to outputs that need the connection's key. The headers are stored nowhere. */
export interface DownloadAccess {
  headers: Record<string, string>
  /** Origins to which the headers may be sent; they may be on private addresses. */
  origins: readonly string[]
}

/** An adapter: one connection at a provider. */
export interface Adapter {
  /** Id of the connection. */
  readonly connection: string
  readonly kind: ConnectionKind
  readonly submitting: Submitting
  /** Polls a submitted request by its handle. @throws ProviderError when the poll itself fails */
  check(handle: string, signal: AbortSignal, options?: CheckOptions): Promise<CheckResult>
  /**
   * Follows a submitted request while it runs, until it has ended or the signal is aborted. Nothing depends on what it tells. Absent: the
   * provider tells nothing. Never throws.
   */
  watch?(handle: string, options: WatchOptions, signal: AbortSignal): Promise<void>
  /** Asks the provider to stop a submitted request. @throws ProviderError */
  cancel(handle: string, signal: AbortSignal): Promise<CancelResult>
  /** Checks key and address at no cost. Never throws a ProviderError: it is in the result. */
  checkConnection(signal: AbortSignal): Promise<ConnectionCheck>
  /** Returns the models that it offers now. @throws ProviderError */
  models(signal: AbortSignal): Promise<ModelSpec[]>
  /** Returns how outputs are fetched that need the key, or are on the connection's own server. Absent: as any other URL. */
  download?(): DownloadAccess
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
