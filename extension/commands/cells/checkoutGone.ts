/** Said when a cell's checkout is asked for after its attempt was over. */
import { t } from "../../text/t.ts";

export const checkoutGone = (): string =>
  t("Its checkout is gone: the attempt is over. What it made is in the cell's changes.");
