// SPDX-License-Identifier: GPL-2.0-only
/*
 * xen-vscan-pages.c - see xen-vscan-pages.h.
 *
 * What one call has granted is a batch. It belongs to an open file of the
 * device, by its id, and from its end on, when pages are left over, to the list
 * of those that are tried again.
 *
 * A domain that is restored from an image, or has been migrated, has a new grant
 * table, all empty; but Linux goes on with what it knows of references: those in
 * use stay in use until they are given back. So an old reference is nobody
 * else's, ending it touches an empty entry, and it must be ended once. That is
 * done for all when the devices are restored: no process runs then, and the
 * front need not have noticed. Where a suspension was cancelled the table is what
 * it was, and the other domain goes on with it: nothing is done.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/highmem.h>
#include <linux/magic.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pagemap.h>
#include <linux/platform_device.h>
#include <linux/pm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <xen/grant_table.h>
#include <xen/interface/grant_table.h>
#include <xen/interface/xen.h>
#include <xen/page.h>
#include <xen/xen.h>

#include <asm/xen/hypercall.h>

#include "xen-vscan-pages.h"

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC		0x58465342
#endif

/* How often it is looked whether the other domain has let go of a page. */
#define RETRY_TICKS		HZ

/* As set, and never more than quarter_of_table(). */
static unsigned int limit = 16384;
static int limit_set(const char *value, const struct kernel_param *kp);
static const struct kernel_param_ops limit_ops = {
	.set = limit_set,
	.get = param_get_uint,
};
module_param_cb(limit, &limit_ops, &limit, 0644);
MODULE_PARM_DESC(limit, "pages that may be kept in memory at a time, granted or left over");

/*
 * Pages that are granted, and those that are left over; what both keep in
 * memory, which is what the limit is for; octets.
 */
static atomic_t nr_granted = ATOMIC_INIT(0);
static atomic_t nr_left_over = ATOMIC_INIT(0);
static atomic_t nr_pinned = ATOMIC_INIT(0);
static atomic64_t nr_copied = ATOMIC64_INIT(0);

/* Batches of which the other domain still has pages mapped. */
static LIST_HEAD(left_over);
static DEFINE_SPINLOCK(left_over_lock);
static void retry(struct work_struct *work);
static DECLARE_DELAYED_WORK(retry_work, retry);

/* Open files of the device, and what each of them has granted, by ids. */
static LIST_HEAD(all_opened);
/* Over the list, and who ends a batch that has an id. */
static DEFINE_MUTEX(opened_lock);

struct opened {
	struct list_head link;
	struct xarray batches;
};

struct entry {
	struct page *page;	/* we have a reference to it */
	grant_ref_t ref;
};

struct batch {
	struct list_head link;	/* in left_over */
	struct file *denied;	/* nobody may write to it; or NULL */
	u64 copied;		/* octets */
	unsigned int pinned;	/* of nr_pinned */
	unsigned int nr;
	struct entry entry[];
};

/* The limit --------------------------------------------------------------- */

/*
 * References, a quarter of what the grant table can have: the rest is for the
 * devices, and for what the front grants beside these. It fits an int.
 */
static unsigned int quarter_of_table(void)
{
	struct gnttab_get_version get = { .dom = DOMID_SELF };
	u64 refs = XEN_PAGE_SIZE / sizeof(union grant_entry_v2);

	if (!HYPERVISOR_grant_table_op(GNTTABOP_get_version, &get, 1) &&
	    get.version == 1)
		refs = XEN_PAGE_SIZE / sizeof(struct grant_entry_v1);
	return min_t(u64, refs * gnttab_max_grant_frames() / 4, INT_MAX);
}

/* Also when the module is being loaded. */
static int limit_set(const char *value, const struct kernel_param *kp)
{
	unsigned int wanted;
	int ret = kstrtouint(value, 0, &wanted);

	if (ret)
		return ret;
	if (!xen_domain())
		return -ENODEV;
	WRITE_ONCE(limit, min(wanted, quarter_of_table()));
	return 0;
}

/* Pages ------------------------------------------------------------------- */

static bool reserve(unsigned int nr)
{
	int now = atomic_read(&nr_pinned);

	do {
		if ((u64)now + nr > READ_ONCE(limit))
			return false;
	} while (!atomic_try_cmpxchg(&nr_pinned, &now, now + nr));
	return true;
}

/*
 * A reference to one page of a large folio keeps all of it in memory, though
 * its file may be gone. What is ours of a folio stands together, and no folio
 * is split as long as we have a reference to it.
 */
static unsigned int pinned_by(const struct batch *batch)
{
	unsigned int i, run, pinned = 0;

	for (i = 0; i < batch->nr; i += run) {
		struct folio *folio = page_folio(batch->entry[i].page);

		for (run = 1; i + run < batch->nr; run++)
			if (page_folio(batch->entry[i + run].page) != folio)
				break;
		pinned += max_t(unsigned int, run, folio_nr_pages(folio));
	}
	return pinned;
}

/* Counts what the pages keep in memory beside themselves. */
static bool reserve_rest(struct batch *batch)
{
	const unsigned int pinned = pinned_by(batch);

	if (!reserve(pinned - batch->pinned))
		return false;
	batch->pinned = pinned;
	return true;
}

/* Drops all pages, none of which is granted, and the batch. */
static void batch_free(struct batch *batch)
{
	unsigned int i;

	for (i = 0; i < batch->nr && batch->entry[i].page; i++)
		put_page(batch->entry[i].page);
	atomic_sub(batch->pinned, &nr_pinned);
	kvfree(batch);
}

/*
 * The inode that has the content: on an overlay that of the layer below. NULL
 * when it does not keep its content in pages of memory, or is not known to keep
 * it there as it is read.
 */
static struct inode *content_of(struct file *file)
{
	struct inode *inode = d_real_inode(file->f_path.dentry);

	if (!inode || !S_ISREG(inode->i_mode) || IS_DAX(inode) ||
	    IS_SWAPFILE(inode))
		return NULL;
	switch (inode->i_sb->s_magic) {
	case EXT4_SUPER_MAGIC:
	case XFS_SUPER_MAGIC:
	case BTRFS_SUPER_MAGIC:
		return inode->i_mapping->a_ops->read_folio ? inode : NULL;
	case TMPFS_MAGIC:
		return inode;
	}
	return NULL;
}

/*
 * Brings a page of the file to memory, of @nr that are to come. A hole of tmpfs
 * has no page, and is not to get one because somebody has looked at it.
 */
static struct page *get_content(struct inode *inode, struct file_ra_state *ra,
				pgoff_t index, unsigned long nr)
{
	struct address_space *mapping = inode->i_mapping;
	void *entry = xa_load(&mapping->i_pages, index);
	struct page *page;

	if (inode->i_sb->s_magic != TMPFS_MAGIC) {
		if (!entry || xa_is_value(entry))
			page_cache_sync_readahead(mapping, ra, NULL, index, nr);
		/*
		 * A page must not come to memory while its blocks are given back:
		 * they may be another file's by the time that they are read.
		 */
		filemap_invalidate_lock_shared(mapping);
		page = (u64)index * PAGE_SIZE < i_size_read(inode) ?
		       read_mapping_page(mapping, index, NULL) :
		       ERR_PTR(-ESTALE);
		filemap_invalidate_unlock_shared(mapping);
		return page;
	}
	if (entry) {
		page = shmem_read_mapping_page(mapping, index);
		/* That is how it says that the file ends before that. */
		return page == ERR_PTR(-EINVAL) ? ERR_PTR(-ESTALE) : page;
	}
	page = ZERO_PAGE(0);
	get_page(page);
	return page;
}

/* In place of a page: a copy of its first @octets, and zeroes. */
static struct page *copy_of(struct page *page, unsigned int octets)
{
	struct page *copy = alloc_page(GFP_KERNEL | __GFP_ZERO);

	if (copy)
		memcpy_page(copy, 0, page, 0, octets);
	put_page(page);
	return copy ? copy : ERR_PTR(-ENOMEM);
}

static int get_pages(struct batch *batch, struct file *file,
		     const struct xen_vscan_pages_grant *args)
{
	struct inode *inode = content_of(file);
	const unsigned int tail = args->size % PAGE_SIZE;
	struct file_ra_state ra = {};
	unsigned int i;

	if (!inode)
		return -EOPNOTSUPP;
	file_ra_state_init(&ra, inode->i_mapping);
	for (i = 0; i < batch->nr; i++) {
		const pgoff_t index = args->offset / PAGE_SIZE + i;
		struct page *page;

		/* What is cut off meanwhile gets no pages any more. */
		if (args->offset + args->size > i_size_read(inode))
			return -ESTALE;
		if (fatal_signal_pending(current))
			return -EINTR;
		page = get_content(inode, &ra, index, batch->nr - i);
		if (!IS_ERR(page) && tail && i == batch->nr - 1) {
			page = copy_of(page, tail);
			batch->copied = tail;
		}
		if (IS_ERR(page))
			return PTR_ERR(page);
		batch->entry[i].page = page;
		cond_resched();
	}
	return args->offset + args->size > i_size_read(inode) ? -ESTALE : 0;
}

/* Grants ------------------------------------------------------------------ */

/* Returns 0, or -ENOSPC when the grant table is full. */
static int grant_all(struct batch *batch, domid_t domid)
{
	grant_ref_t head;
	unsigned int i;
	int ret = gnttab_alloc_grant_references(batch->nr, &head);

	if (ret)
		return ret;
	for (i = 0; i < batch->nr; i++) {
		struct entry *entry = &batch->entry[i];

		entry->ref = gnttab_claim_grant_reference(&head);
		gnttab_grant_foreign_access_ref(entry->ref, domid,
						xen_page_to_gfn(entry->page),
						GTF_readonly);
	}
	return 0;
}

/* Ends what can be ended. Returns how many pages are left, at the beginning. */
static unsigned int end_some(struct batch *batch)
{
	unsigned int i, pinned, left = 0;

	for (i = 0; i < batch->nr; i++) {
		struct entry *entry = &batch->entry[i];

		if (gnttab_try_end_foreign_access(entry->ref))
			put_page(entry->page);
		else
			batch->entry[left++] = *entry;
		cond_resched();
	}
	batch->nr = left;
	pinned = pinned_by(batch);
	atomic_sub(batch->pinned - pinned, &nr_pinned);
	batch->pinned = pinned;
	return left;
}

/* Ends what can be ended, of a batch that is not left over. */
static void batch_stop(struct batch *batch)
{
	const unsigned int before = batch->nr;

	if (batch->denied) {
		allow_write_access(batch->denied);
		fput(batch->denied);
		batch->denied = NULL;
	}
	atomic_sub(before - end_some(batch), &nr_granted);
}

/* Takes the batch over. */
static void batch_end(struct batch *batch)
{
	batch_stop(batch);
	if (!batch->nr) {
		kvfree(batch);
		return;
	}
	atomic_sub(batch->nr, &nr_granted);
	atomic_add(batch->nr, &nr_left_over);
	spin_lock(&left_over_lock);
	list_add_tail(&batch->link, &left_over);
	spin_unlock(&left_over_lock);
	schedule_delayed_work(&retry_work, RETRY_TICKS);
}

static void retry(struct work_struct *work)
{
	struct batch *batch, *next;
	LIST_HEAD(again);

	spin_lock(&left_over_lock);
	list_splice_init(&left_over, &again);
	spin_unlock(&left_over_lock);
	list_for_each_entry_safe(batch, next, &again, link) {
		const unsigned int before = batch->nr;

		atomic_sub(before - end_some(batch), &nr_left_over);
		if (batch->nr)
			continue;
		list_del(&batch->link);
		kvfree(batch);
	}
	if (list_empty(&again))
		return;
	spin_lock(&left_over_lock);
	list_splice(&again, &left_over);
	spin_unlock(&left_over_lock);
	schedule_delayed_work(&retry_work, RETRY_TICKS);
}

/* The device -------------------------------------------------------------- */

static int check(const struct xen_vscan_pages_grant *args)
{
	const u64 max = (u64)XEN_VSCAN_PAGES_MAX * PAGE_SIZE;

	if (args->flags & ~XEN_VSCAN_PAGES_DENY_WRITE)
		return -EINVAL;
	if (!args->size || args->size > max)
		return -EINVAL;
	if (args->offset % PAGE_SIZE || args->offset > (u64)MAX_LFS_FILESIZE - max)
		return -EINVAL;
	return args->domid < DOMID_FIRST_RESERVED ? 0 : -EINVAL;
}

static int batch_make(struct batch **batch_r, struct file *file,
		      const struct xen_vscan_pages_grant *args)
{
	const unsigned int nr = DIV_ROUND_UP(args->size, PAGE_SIZE);
	struct batch *batch;
	int ret;

	if (!reserve(nr))
		return -ENOSPC;
	batch = kvzalloc(struct_size(batch, entry, nr), GFP_KERNEL_ACCOUNT);
	if (!batch) {
		atomic_sub(nr, &nr_pinned);
		return -ENOMEM;
	}
	batch->pinned = nr;
	batch->nr = nr;
	if (args->flags & XEN_VSCAN_PAGES_DENY_WRITE && !deny_write_access(file))
		batch->denied = get_file(file);
	ret = get_pages(batch, file, args);
	if (!ret && !reserve_rest(batch))
		ret = -ENOSPC;
	if (!ret)
		ret = grant_all(batch, args->domid);
	if (ret) {
		if (batch->denied) {
			allow_write_access(file);
			fput(file);
		}
		batch_free(batch);
		return ret;
	}
	atomic_add(batch->nr, &nr_granted);
	atomic64_add(batch->copied, &nr_copied);
	*batch_r = batch;
	return 0;
}

static int tell_refs(const struct batch *batch, u64 address)
{
	u32 __user *to = u64_to_user_ptr(address);
	unsigned int i;

	for (i = 0; i < batch->nr; i++)
		if (put_user(batch->entry[i].ref, to + i))
			return -EFAULT;
	return 0;
}

static long do_grant(struct xarray *batches,
		     struct xen_vscan_pages_grant __user *user)
{
	struct xen_vscan_pages_grant args;
	struct batch *batch;
	struct fd f;
	int ret;

	if (copy_from_user(&args, user, sizeof(args)))
		return -EFAULT;
	ret = check(&args);
	if (ret)
		return ret;
	f = fdget(args.fd);
	if (!f.file)
		return -EBADF;
	ret = f.file->f_mode & FMODE_READ ? batch_make(&batch, f.file, &args) :
	      -EBADF;
	fdput(f);
	if (ret)
		return ret;
	args.copied = batch->copied;
	ret = tell_refs(batch, args.refs);
	if (!ret)
		ret = xa_alloc(batches, &args.id, batch, xa_limit_31b, GFP_KERNEL);
	if (ret) {
		batch_end(batch);
		return ret;
	}
	if (!copy_to_user(user, &args, sizeof(args)))
		return 0;
	/* Another thread may have guessed the id, and ended it. */
	mutex_lock(&opened_lock);
	if (xa_cmpxchg(batches, args.id, batch, NULL, 0) != batch)
		batch = NULL;
	mutex_unlock(&opened_lock);
	if (batch)
		batch_end(batch);
	return -EFAULT;
}

static long do_end(struct xarray *batches, unsigned long id)
{
	struct batch *batch;

	mutex_lock(&opened_lock);
	batch = xa_erase(batches, id);
	mutex_unlock(&opened_lock);
	if (!batch)
		return -ENOENT;
	batch_end(batch);
	return 0;
}

static long vscan_pages_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	struct opened *opened = file->private_data;

	switch (cmd) {
	case XEN_VSCAN_PAGES_GRANT:
		return do_grant(&opened->batches, (void __user *)arg);
	case XEN_VSCAN_PAGES_END:
		return do_end(&opened->batches, arg);
	}
	return -ENOTTY;
}

static int vscan_pages_open(struct inode *inode, struct file *file)
{
	struct opened *opened = kzalloc(sizeof(*opened), GFP_KERNEL);

	if (!opened)
		return -ENOMEM;
	xa_init_flags(&opened->batches, XA_FLAGS_ALLOC1);
	file->private_data = opened;
	mutex_lock(&opened_lock);
	list_add(&opened->link, &all_opened);
	mutex_unlock(&opened_lock);
	return nonseekable_open(inode, file);
}

static int vscan_pages_release(struct inode *inode, struct file *file)
{
	struct opened *opened = file->private_data;
	struct batch *batch;
	unsigned long id;

	mutex_lock(&opened_lock);
	list_del(&opened->link);
	mutex_unlock(&opened_lock);
	xa_for_each(&opened->batches, id, batch)
		batch_end(batch);
	xa_destroy(&opened->batches);
	kfree(opened);
	return 0;
}

static const struct file_operations vscan_pages_fops = {
	.owner = THIS_MODULE,
	.open = vscan_pages_open,
	.release = vscan_pages_release,
	.unlocked_ioctl = vscan_pages_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.llseek = no_llseek,
};

static ssize_t granted_show(struct device *dev, struct device_attribute *attr,
			    char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&nr_granted));
}
static DEVICE_ATTR_ADMIN_RO(granted);

static ssize_t left_over_show(struct device *dev, struct device_attribute *attr,
			      char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&nr_left_over));
}
static DEVICE_ATTR_ADMIN_RO(left_over);

static ssize_t pinned_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%d\n", atomic_read(&nr_pinned));
}
static DEVICE_ATTR_ADMIN_RO(pinned);

static ssize_t copied_show(struct device *dev, struct device_attribute *attr,
			   char *buf)
{
	return sysfs_emit(buf, "%lld\n", atomic64_read(&nr_copied));
}
static DEVICE_ATTR_ADMIN_RO(copied);

static struct attribute *vscan_pages_attrs[] = {
	&dev_attr_granted.attr,
	&dev_attr_left_over.attr,
	&dev_attr_pinned.attr,
	&dev_attr_copied.attr,
	NULL
};
ATTRIBUTE_GROUPS(vscan_pages);

static struct miscdevice vscan_pages_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "xen/vscan-pages",
	.mode = 0600,
	.groups = vscan_pages_groups,
	.fops = &vscan_pages_fops,
};

/*
 * The grant table is a new one. Ids stay until they are ended; there is nothing
 * behind them any more.
 */
static int vscan_pages_restore(struct device *dev)
{
	struct opened *opened;
	struct batch *batch;
	unsigned long id;

	mutex_lock(&opened_lock);
	list_for_each_entry(opened, &all_opened, link)
		xa_for_each(&opened->batches, id, batch)
			batch_stop(batch);
	mutex_unlock(&opened_lock);
	mod_delayed_work(system_wq, &retry_work, 0);
	WRITE_ONCE(limit, min(READ_ONCE(limit), quarter_of_table()));
	return 0;
}

/* Not .thaw, which follows a suspension that was cancelled. */
static const struct dev_pm_ops vscan_pages_pm_ops = {
	.restore = vscan_pages_restore,
};

/* It is there to be told of that. */
static struct platform_driver vscan_pages_driver = {
	.driver = {
		.name = KBUILD_MODNAME,
		.pm = &vscan_pages_pm_ops,
	},
};
static struct platform_device *vscan_pages_platform;

static int __init vscan_pages_init(void)
{
	int ret;

	BUILD_BUG_ON(PAGE_SIZE != XEN_PAGE_SIZE);
	/* What 32-bit programs have, which align a __u64 to 4. */
	BUILD_BUG_ON(sizeof(struct xen_vscan_pages_grant) != 48 ||
		     offsetof(struct xen_vscan_pages_grant, copied) != 40);

	if (!xen_domain())
		return -ENODEV;
	limit = min(limit, quarter_of_table());
	ret = platform_driver_register(&vscan_pages_driver);
	if (ret)
		return ret;
	vscan_pages_platform = platform_device_register_simple(KBUILD_MODNAME,
							       PLATFORM_DEVID_NONE,
							       NULL, 0);
	ret = PTR_ERR_OR_ZERO(vscan_pages_platform);
	if (ret)
		goto no_device;
	ret = misc_register(&vscan_pages_device);
	if (ret)
		goto no_misc;
	return 0;

no_misc:
	platform_device_unregister(vscan_pages_platform);
no_device:
	platform_driver_unregister(&vscan_pages_driver);
	return ret;
}

/* What is still mapped then is left to the grant table's own list. */
static void __exit vscan_pages_exit(void)
{
	struct batch *batch, *next;
	unsigned int i;

	misc_deregister(&vscan_pages_device);
	platform_device_unregister(vscan_pages_platform);
	platform_driver_unregister(&vscan_pages_driver);
	cancel_delayed_work_sync(&retry_work);
	list_for_each_entry_safe(batch, next, &left_over, link) {
		for (i = 0; i < batch->nr; i++)
			gnttab_end_foreign_access(batch->entry[i].ref,
						  batch->entry[i].page);
		kvfree(batch);
	}
}

module_init(vscan_pages_init);
module_exit(vscan_pages_exit);

MODULE_DESCRIPTION("Grants files' own pages to a scanner domain");
MODULE_LICENSE("GPL");
MODULE_VERSION("1");	/* as in dkms.conf */
