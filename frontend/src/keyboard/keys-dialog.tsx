import { For } from 'solid-js'
import { Dialog } from '../ui/dialog.tsx'
import { KEY_BINDINGS, KEY_GROUPS, type KeyBinding, LIGHTBOX_KEYS } from './key-bindings.ts'

const KEY_NAMES: Record<string, string> = {
  ' ': 'Space',
  enter: 'Enter',
  delete: 'Delete',
  escape: 'Esc',
  home: 'Home',
  end: 'End',
  backspace: '⌫',
}

/** The dialog with all keys. */
export default function KeysDialog(props: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={props.onClose}>
      <div class="key-groups">
        <For each={KEY_GROUPS}>
          {group => <KeyList name={group} keys={KEY_BINDINGS.filter(binding => binding.group === group)} />}
        </For>
        <KeyList name="In the lightbox" keys={LIGHTBOX_KEYS} />
      </div>
      <p>The arrow keys move within a generation.</p>
      <form method="dialog" class="plain-dialog-buttons">
        <button type="submit" class="solid">
          Close
        </button>
      </form>
    </Dialog>
  )
}

type ListedKey = Pick<KeyBinding, 'keys' | 'label' | 'shift' | 'control'>

function KeyList(props: { name: string; keys: readonly ListedKey[] }) {
  return (
    <section>
      <h3>{props.name}</h3>
      <dl>
        <For each={props.keys}>
          {listed => (
            <div>
              <dt>
                <For each={formatKeys(listed)}>{key => <kbd>{key}</kbd>}</For>
              </dt>
              <dd>{listed.label}</dd>
            </div>
          )}
        </For>
      </dl>
    </section>
  )
}

function formatKeys({ keys, shift, control }: ListedKey): string[] {
  const prefix = `${control ? 'Ctrl ' : ''}${shift ? 'Shift ' : ''}`
  return keys.map(key => `${prefix}${KEY_NAMES[key] ?? key.toUpperCase()}`)
}
