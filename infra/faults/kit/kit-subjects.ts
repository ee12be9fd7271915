import type { KitSubject } from './kit-subject.ts'
import { A1111_SUBJECT } from './subjects/a1111.ts'
import { BFL } from './subjects/bfl.ts'
import { createComfyUi } from './subjects/comfyui.ts'
import { FAL } from './subjects/fal.ts'
import { GOOGLE_SUBJECTS } from './subjects/google.ts'
import { IDEOGRAM } from './subjects/ideogram.ts'
import { OPENAI_SUBJECTS } from './subjects/openai.ts'
import { COMPATIBLE_SUBJECTS } from './subjects/openai-compatible.ts'
import { REPLICATE_SUBJECT } from './subjects/replicate.ts'
import { createRunway } from './subjects/runway.ts'
import { SDCPP_SUBJECT } from './subjects/sdcpp.ts'
import { createStability } from './subjects/stability.ts'

/** The subjects of the kit. An adapter that is new is added here. */
export const KIT_SUBJECTS: readonly KitSubject[] = [
  ...OPENAI_SUBJECTS,
  FAL,
  createComfyUi(),
  ...COMPATIBLE_SUBJECTS,
  A1111_SUBJECT,
  SDCPP_SUBJECT,
  createStability(),
  createRunway(),
  REPLICATE_SUBJECT,
  BFL,
  IDEOGRAM,
  ...GOOGLE_SUBJECTS,
]
