import type { KitSubject } from './kit-subject.ts'
import { createComfyUi } from './subjects/comfyui.ts'
import { GOOGLE_SUBJECTS } from './subjects/google.ts'
import { OPENAI_SUBJECTS } from './subjects/openai.ts'
import { COMPATIBLE_SUBJECTS } from './subjects/openai-compatible.ts'

/** The subjects of the kit. An adapter that is new is added here. */
export const KIT_SUBJECTS: readonly KitSubject[] = [
  ...OPENAI_SUBJECTS,
  createComfyUi(),
  ...COMPATIBLE_SUBJECTS,
  ...GOOGLE_SUBJECTS,
]
