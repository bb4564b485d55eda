/** What the user chose on this page, kept in the browser. Where the browser keeps nothing, it holds until the page is left. */
export type Choice = "screen-reader";

const key = (choice: Choice) => `wherry-${choice}`;

export function isChosen(choice: Choice): boolean {
  try {
    return localStorage.getItem(key(choice)) === "on";
  } catch {
    return false;
  }
}

export function keepChoice(choice: Choice, on: boolean): void {
  try {
    if (on) localStorage.setItem(key(choice), "on");
    else localStorage.removeItem(key(choice));
  } catch {
    // It is refused, as where cookies are.
  }
}
