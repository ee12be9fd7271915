import type { Generation } from '@darkroom/contracts/generation'

/** A generation's parent, as the feed shows it. */
export interface ParentInfo {
  /** Address that opens the parent: `#g=<id>`. */
  href: string
  /** Preview of the parent's output; null if it is deleted or not yet read. */
  thumbnailUrl: string | null
  /** First words of the parent's prompt; null if it is deleted or not yet read. */
  words: string | null
  /** The verb and what was changed, in words: "upscaled", "changed only the marked part". */
  change: string
  state: 'loading' | 'present' | 'trashed' | 'gone'
}

/** Returns the parent of a generation, and reads it if it is not loaded; undefined if it has none. Reactive. */
export type FindParent = (generation: Generation) => ParentInfo | undefined
