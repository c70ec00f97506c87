/** Every safe integer fits, so ids of any epoch and offset sort as strings. */
const digits = 16;

/** An epoch, as the ids of its run begin with it, or an offset. */
export const padded = (number: number): string => String(number).padStart(digits, '0');

/** A place in the order. */
export const idOf = (epoch: number, offset: number): string => `${padded(epoch)}-${padded(offset)}`;

/** Whether an id can be of the run of this epoch, or of an earlier one whose last id is known. */
export const createIdCheck =
  (epoch: string, earlier: readonly { readonly epoch: string; readonly lastId: string | undefined }[] = []) =>
  (id: string): boolean => {
    const [, of] = /^(\d{16})-\d{16}$/.exec(id) ?? [];
    if (of === epoch) return true;
    const lastId = earlier.find((run) => run.epoch === of)?.lastId;
    return lastId !== undefined && id <= lastId;
  };
