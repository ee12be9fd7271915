import type { KitSubject } from './kit-subject.ts'

/** Outcomes of the faults that every remote adapter tells apart alike. A subject adds those of its own wire shape. */
export const COMMON_OUTCOMES = {
  slow: 'outputs',
  'rate-limited': { code: 'rate_limited', failure: 'retryable' },
  'rate-limited-until': { code: 'rate_limited', failure: 'retryable' },
  'no-credit': { code: 'payment_required', failure: 'permanent' },
  'wrong-key': { code: 'key_refused', failure: 'permanent' },
  'no-permission': { code: 'no_permission', failure: 'permanent' },
  'server-error': { code: 'provider_refused', failure: 'unknown' },
  unavailable: { code: 'provider_busy', failure: 'retryable' },
  hang: { code: 'provider_silent', failure: 'unknown' },
  'cut-before-answer': { code: 'provider_unreachable', failure: 'unknown' },
  'cut-after-headers': { code: 'provider_unreachable', failure: 'unknown' },
  'cut-mid-body': { code: 'provider_unreachable', failure: 'unknown' },
  html: { code: 'provider_misbehaved', failure: 'unknown' },
  'invalid-json': { code: 'provider_misbehaved', failure: 'unknown' },
  'huge-error': { code: 'provider_refused', failure: 'permanent' },
  redirect: { code: 'provider_refused', failure: 'permanent' },
  'content-refused': { code: 'content_refused', failure: 'permanent' },
  'duplicate-answer': 'outputs',
} satisfies KitSubject['outcomes']
