import type { FailureClass, FailureCode } from '@darkroom/contracts/failures'
import type { Adapter, ProviderRequest } from '../../src/providers/adapter.ts'
import type { Deadlines } from '../make-call.ts'

/** Faults that the fake of a provider can be switched to. A kit tries those that its subject has an outcome for. */
export const KIT_FAULTS = [
  'slow',
  'rate-limited',
  'rate-limited-until',
  'no-credit',
  'wrong-key',
  'no-permission',
  'server-error',
  'unavailable',
  'hang',
  'cut-before-answer',
  'cut-after-headers',
  'cut-mid-body',
  'cut-after-answer',
  'html',
  'invalid-json',
  'wrong-shape',
  'huge-error',
  'redirect',
  'echo-key',
  'content-refused',
  'output-refused',
  'setting-refused',
  'model-gone',
  'wrong-count',
  'duplicate-answer',
  'empty-answer',
] as const
export type KitFault = (typeof KIT_FAULTS)[number]

/** The outcome of a call: its outputs, some of which may be refused, or an error, which may be of a call that was billed. */
export type KitOutcome = 'outputs' | 'refused-output' | { code: FailureCode; failure: FailureClass; isBilled?: true }

/** The fake of a provider, as far as the kit needs it. */
export interface KitFake extends AsyncDisposable {
  /** Text that must appear nowhere; null if the provider needs no key. */
  key: string | null
  setFault(fault: KitFault | null): void
  /** Submissions that have reached it. */
  posts(): number
  /** Sum of its hidden invoice, in micro-units. */
  billedMicros(): number
}

/** An adapter that the kit tries. */
export interface KitSubject {
  name: string
  /** Starts the fake, with an adapter of these limits that is connected to it and a request for `request.indices.length` outputs. */
  startFake(deadlines: Deadlines): Promise<KitFake & { adapter: Adapter; request: ProviderRequest }>
  /** Whether the README has a row for it, which says what its models are and do. */
  hasReadmeRow?: true
  /** Whether the adapter reports the cost of a call. */
  reportsCost: boolean
  outcomes: Partial<Record<KitFault, KitOutcome>>
}
