const SHOWN = 1600; // ms that a button says "Copied"

/** Gives each `.copyable` its button, which copies the text of the first element inside. */
export function addCopyButtons(root: ParentNode): void {
  for (const holder of root.querySelectorAll('.copyable')) {
    const source = holder.firstElementChild;
    if (source) holder.append(copyButton(source));
  }
}

function copyButton(source: Element): HTMLElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'button small';
  button.textContent = 'Copy';
  button.setAttribute('aria-live', 'polite');
  let timer = 0;
  button.addEventListener('click', () => {
    void copy(source).then((done) => {
      button.textContent = done ? 'Copied' : 'Selected';
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        button.textContent = 'Copy';
      }, SHOWN);
    });
  });
  return button;
}

async function copy(source: Element): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(source.textContent);
    return true;
  } catch {
    return copySelected(source);
  }
}

// The clipboard belongs to secure pages only, and a gateway in a local network
// is often asked by plain HTTP: there the old way still works.
function copySelected(source: Element): boolean {
  getSelection()?.selectAllChildren(source);
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else copies on an insecure page
  return document.execCommand('copy');
}
