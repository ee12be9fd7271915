/** The words that names may not be made of, each with the word to use. */
export interface WordRule {
  /** Words of a name, in lower case. */
  words: readonly string[]
  use: string
}

/**
 * Words that mean several things in this code, or nothing to a newcomer. They are looked for as whole words of the names of files
 * and of whatever a file declares; SQL, words for people and data on disk keep theirs.
 */
export const WORDS: readonly WordRule[] = [
  { words: ['ground', 'grounds'], use: 'context, env, backdrop' },
  { words: ['room', 'rooms'], use: 'folder, module, channel, quota, sandbox' },
  { words: ['held', 'holds'], use: 'active, locked, pinned, state' },
  { words: ['keep', 'keeps', 'kept'], use: 'store, retain, persist' },
  { words: ['place', 'places'], use: 'position, location' },
  { words: ['judge', 'judged', 'verdict'], use: 'validate, estimate, assert, verify, decide' },
  { words: ['wording', 'wordy'], use: 'message, format' },
  { words: ['tell', 'tells', 'told', 'teller'], use: 'notify, publish, report, on…' },
  { words: ['hear', 'hears', 'heard', 'hearing'], use: 'on…, listener, subscription' },
  { words: ['say', 'says', 'said'], use: 'log, report, text, response' },
  { words: ['ask', 'asks', 'asked', 'asker', 'question'], use: 'request, query, poll' },
  { words: ['wreck', 'wreckage'], use: 'corrupt stream' },
  { words: ['bell', 'alarm', 'rung'], use: 'wakeup, notify' },
  { words: ['lane', 'lanes'], use: 'consumer, circuit breaker' },
  { words: ['vouch', 'vouches'], use: 'assert, verify' },
  { words: ['insist'], use: 'retry' },
  { words: ['mended', 'heal', 'healed'], use: 'repair, reset' },
  { words: ['upkeep', 'tidying'], use: 'maintenance, data migration' },
  { words: ['picture', 'pictures'], use: 'image, output' },
  { words: ['person', 'people'], use: 'user' },
  { words: ['newcomer', 'newcomers'], use: 'unseen' },
  { words: ['arm', 'arms'], use: 'variant' },
  { words: ['owned'], use: 'stack, disposables' },
  { words: ['evidence'], use: 'artifacts' },
  { words: ['trouble', 'troubles'], use: 'fault' },
  { words: ['hands'], use: 'worker rpc' },
  { words: ['obey', 'foresee', 'withdraw'], use: 'handle, apply, remove' },
  { words: ['hub', 'cable'], use: 'broadcast, proxy' },
  { words: ['patience'], use: 'timeouts, restart policy' },
  { words: ['measures'], use: 'metrics' },
  { words: ['veil', 'safelight', 'ink', 'hairline'], use: 'scrim, accent, text, border' },
]

/** Words that a docstring may not begin with: it says what the thing does or is, verb first. */
export const FIRST_WORDS = ['What', 'Who', 'Whoever', 'Whose', 'How', 'Where', 'Why', 'Because'] as const

/** Phrases that must be decoded, in comments, each with what to do instead. */
export const PHRASES: readonly { phrase: RegExp; use: string }[] = [
  { phrase: /\bso that nobody\b/i, use: 'name what would go wrong' },
  { phrase: /\bnobody's (business|error)\b/i, use: 'name who handles it' },
  { phrase: /\btells? of\b/i, use: 'reports, publishes' },
  { phrase: /\bhears? of\b/i, use: 'receives, is notified' },
  { phrase: /\bWhoever\b/, use: 'name the caller' },
  { phrase: /\bcomes to know\b/i, use: 'learns' },
  { phrase: /\bat home\b|\bbrought home\b/i, use: 'stored' },
  { phrase: /\bfor good\b/i, use: 'permanently' },
]
