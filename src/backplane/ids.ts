/** Enough for every safe integer, so that ids of any epoch and offset sort as strings. */
const digits = 16;

/** Returns an epoch or an offset as it stands in ids. The ids of a run begin with its epoch. */
export const padded = (number: number): string => String(number).padStart(digits, '0');

/** Returns the id of a position in the stream. */
export const idOf = (epoch: number, offset: number): string => `${padded(epoch)}-${padded(offset)}`;

/** Returns a check whether an id can be of the run of this epoch, or of an earlier one whose last id is known. */
export const createIdCheck =
  (epoch: string, earlier: readonly { readonly epoch: string; readonly lastId: string | undefined }[] = []) =>
  (id: string): boolean => {
    const [, of] = /^(\d{16})-\d{16}$/.exec(id) ?? [];
    if (of === epoch) return true;
    const lastId = earlier.find((run) => run.epoch === of)?.lastId;
    return lastId !== undefined && id <= lastId;
  };
