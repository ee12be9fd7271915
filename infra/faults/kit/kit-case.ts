import type { KitStudio } from './kit-studio.ts'

/** One proof of the kit. */
export interface KitCase {
  name: string
  /** Runs it in a studio without faults. @returns what was seen, in a few words @throws Error where it does not hold */
  run(studio: KitStudio): Promise<string>
}
