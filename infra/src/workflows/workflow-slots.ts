/** An input of a node that a request fills. */
export interface Slot {
  node: string
  input: string
}

/** A slot that is a setting of the model. */
export interface SettingSlot extends Slot {
  key: string
}

/** The slots of a workflow: what of it a request fills. The rest stays as it is in the file. */
export interface WorkflowSlots {
  prompt: Slot[]
  negative: Slot[]
  seed: Slot[]
  width: Slot[]
  height: Slot[]
  /** Number of outputs. */
  outputs: Slot[]
  /** Reference images, in the order in which they are given. */
  references: Slot[]
  mask: Slot[]
  settings: SettingSlot[]
}

/** Returns what of a workflow a request fills, in the words of its titles. */
export function listSlotNames({ width, height: _, settings, ...slots }: WorkflowSlots): string[] {
  const names = Object.entries(slots).flatMap(([name, found]) => (found.length > 0 ? [name] : []))
  return [...names, ...(width.length > 0 ? ['size'] : []), ...settings.map(({ key }) => key)]
}

export function createEmptySlots(): WorkflowSlots {
  return {
    prompt: [],
    negative: [],
    seed: [],
    width: [],
    height: [],
    outputs: [],
    references: [],
    mask: [],
    settings: [],
  }
}
