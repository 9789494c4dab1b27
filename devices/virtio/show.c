/* The state of a virtio device as lines of text: `info devices` of the monitor. The rings are read as they stand in the guest's memory. */
#include "devices/virtio/queue.h"

static void show_status(const struct virtio_device *d, FILE *out)
{
	static const struct {
		u8 bit;
		const char *name;
	} names[] = { { VIRTIO_ACKNOWLEDGE, "ACKNOWLEDGE" }, { VIRTIO_DRIVER, "DRIVER" }, { VIRTIO_FEATURES_OK, "FEATURES_OK" },
		      { VIRTIO_DRIVER_OK, "DRIVER_OK" }, { VIRTIO_NEEDS_RESET, "NEEDS_RESET" }, { VIRTIO_FAILED, "FAILED" } };

	fprintf(out, "      %s: status 0x%02x", d->ops->name, d->status);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (d->status & names[i].bit)
			fprintf(out, " %s", names[i].name);
	fprintf(out, "; features 0x%" PRIx64 " of 0x%" PRIx64 "%s%s\n", d->features, d->offered, d->cut_off ? "; may not reach memory" : "",
		d->rest.armed ? "; rests" : "");
}

static void show_queue(struct virtio_device *d, unsigned q, FILE *out)
{
	const struct virtq *vq = &d->vq[q];
	struct virtq_look look;

	fprintf(out, "      queue %u: %u of %u descriptors at 0x%" PRIx64 ", avail 0x%" PRIx64 ", used 0x%" PRIx64 ": ", q, vq->size, vq->max,
		vq->desc, vq->avail, vq->used);
	if (!virtq_look(d, q, &look))
		fprintf(out, "not in RAM\n");
	else
		fprintf(out, "driver at %u, device at %u, used %u; %u wait%s%s\n", look.avail, vq->next_avail, vq->next_used, look.waiting,
			look.waiting == 1 ? "s" : "", look.waiting > vq->size ? " (nonsense)" : "");
}

void virtio_show(struct virtio_device *d, FILE *out)
{
	show_status(d, out);
	for (unsigned q = 0; q < d->n_queues; q++)
		if (d->vq[q].ready)
			show_queue(d, q, out);
	if (d->ops->show)
		d->ops->show(d, out);
}
