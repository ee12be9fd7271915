/** Everything that a key does in the feed. */
export type KeyAction =
  | 'search'
  | 'date'
  | 'density'
  | 'keys'
  | 'revert'
  | 'leave'
  | 'next-row'
  | 'previous-row'
  | 'open'
  | 'favourite'
  | 'download'
  | 'reference'
  | 'again'
  | 'remove'
  | 'select'
  | 'select-range'
  | 'select-loaded'
  | 'invert'

export interface KeyBinding {
  action: KeyAction
  /** Values of `KeyboardEvent.key`, letters in lower case. */
  keys: readonly string[]
  /** Whether Shift is pressed with a letter. */
  shift?: boolean
  /** Whether Ctrl or ⌘ is pressed. */
  control?: boolean
  /** Whether it acts again and again while the key is down. Otherwise a key that is pressed a moment too long would make or delete many. */
  repeats?: boolean
  label: string
  group: KeyGroup
}

export const KEY_GROUPS = ['Everywhere', 'In the feed', 'The picture in focus, or all selected', 'Selecting'] as const
export type KeyGroup = (typeof KEY_GROUPS)[number]

/** All keys: the handler and the dialog that lists them are made from this table. */
export const KEY_BINDINGS: readonly KeyBinding[] = [
  { action: 'search', keys: ['/'], label: 'Search', group: 'Everywhere' },
  { action: 'date', keys: ['g'], label: 'Jump to date', group: 'Everywhere' },
  { action: 'density', keys: ['v'], label: 'Size of the pictures', group: 'Everywhere' },
  { action: 'revert', keys: ['z'], label: 'Undo', group: 'Everywhere' },
  { action: 'keys', keys: ['?'], label: 'All keys', group: 'Everywhere' },
  { action: 'next-row', keys: ['j'], repeats: true, label: 'Next generation', group: 'In the feed' },
  { action: 'previous-row', keys: ['k'], repeats: true, label: 'Previous generation', group: 'In the feed' },
  { action: 'open', keys: ['enter'], label: 'Open', group: 'The picture in focus, or all selected' },
  { action: 'favourite', keys: ['f'], label: 'Favourite', group: 'The picture in focus, or all selected' },
  { action: 'download', keys: ['d'], label: 'Download', group: 'The picture in focus, or all selected' },
  { action: 'reference', keys: ['r'], label: 'Use as reference', group: 'The picture in focus, or all selected' },
  { action: 'again', keys: ['a'], label: 'Again, with another seed', group: 'The picture in focus, or all selected' },
  { action: 'remove', keys: ['delete', 'backspace'], label: 'Delete', group: 'The picture in focus, or all selected' },
  { action: 'select', keys: ['x', ' '], label: 'Select', group: 'Selecting' },
  { action: 'select-range', keys: ['x'], shift: true, label: 'Select up to here', group: 'Selecting' },
  { action: 'select-loaded', keys: ['a'], control: true, label: 'Select all that is loaded', group: 'Selecting' },
  { action: 'invert', keys: ['i'], label: 'Select the others instead', group: 'Selecting' },
  { action: 'leave', keys: ['escape'], label: 'End the selection', group: 'Selecting' },
]

/** The keys of the lightbox, for the dialog that lists all keys. */
export const LIGHTBOX_KEYS: readonly Pick<KeyBinding, 'keys' | 'label'>[] = [
  { keys: ['←', '→'], label: 'Previous and next picture' },
  { keys: ['home', 'end'], label: 'First and last picture' },
  { keys: ['+', '-'], label: 'Larger, smaller' },
  { keys: ['0', '1'], label: 'Fit, true pixels' },
  { keys: ['c'], label: 'Compare' },
  { keys: ['i'], label: 'Details' },
  { keys: ['f'], label: 'Favourite' },
  { keys: ['r'], label: 'Use as reference' },
  { keys: ['delete'], label: 'Delete this picture' },
  { keys: [' '], label: 'Play or pause a video' },
  { keys: [',', '.'], label: 'Frame back, forward' },
  { keys: ['escape'], label: 'Close' },
]

/** A key as an event reports it. */
export type PressedKey = Pick<KeyboardEvent, 'key' | 'shiftKey' | 'ctrlKey' | 'metaKey' | 'altKey'>

/** Finds what a key does; undefined if it does nothing. Keys are compared by what they type, on any keyboard layout. */
export function findKeyBinding({ key, shiftKey, ctrlKey, metaKey, altKey }: PressedKey): KeyBinding | undefined {
  if (altKey) return undefined
  const pressed = key.toLowerCase()
  // On many layouts a sign needs Shift.
  const hasShift = shiftKey && /^(\p{L}| |enter|delete|backspace|escape)$/u.test(pressed)
  return KEY_BINDINGS.find(
    ({ keys, shift = false, control = false }) =>
      keys.includes(pressed) && shift === hasShift && control === (ctrlKey || metaKey),
  )
}
