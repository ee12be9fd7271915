import { For } from 'solid-js'
import { Dialog } from '../ui/dialog.tsx'
import { KEY_BINDINGS, KEY_GROUPS, type KeyBinding } from './key-bindings.ts'

const KEY_NAMES: Record<string, string> = {
  ' ': 'Space',
  enter: 'Enter',
  delete: 'Delete',
  escape: 'Esc',
  backspace: '⌫',
}

/** The dialog with all keys. */
export default function KeysDialog(props: { onClose: () => void }) {
  return (
    <Dialog title="Keys" onClose={props.onClose}>
      <div class="key-groups">
        <For each={KEY_GROUPS}>
          {group => (
            <section>
              <h3>{group}</h3>
              <dl>
                <For each={KEY_BINDINGS.filter(binding => binding.group === group)}>
                  {binding => (
                    <div>
                      <dt>
                        <For each={formatKeys(binding)}>{key => <kbd>{key}</kbd>}</For>
                      </dt>
                      <dd>{binding.label}</dd>
                    </div>
                  )}
                </For>
              </dl>
            </section>
          )}
        </For>
      </div>
      <p>The arrow keys move within a generation. In the lightbox they move from picture to picture.</p>
      <form method="dialog" class="plain-dialog-buttons">
        <button type="submit" class="solid">
          Close
        </button>
      </form>
    </Dialog>
  )
}

function formatKeys({ keys, shift, control }: KeyBinding): string[] {
  const prefix = `${control ? 'Ctrl ' : ''}${shift ? 'Shift ' : ''}`
  return keys.map(key => `${prefix}${KEY_NAMES[key] ?? key.toUpperCase()}`)
}
