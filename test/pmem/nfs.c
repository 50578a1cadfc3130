// SPDX-License-Identifier: GPL-2.0-only
/*
 * An NFS server for one file system, and a client of it on the same machine
 *
 * The kernel asks daemons who may mount what, whom to wait for after a restart, and what block device
 * a layout is of. The first answers it remembers, so they are given before it asks; for the others
 * there are processes here.
 */
#include <fcntl.h>
#include <linux/nfsd/cld.h>
#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include "common.h"

#define SERVER	"/proc/fs/nfsd/"
#define CACHES	"/proc/net/rpc/"
#define PIPES	"/run/rpc_pipefs"
#define FOREVER	2147483647

/* include/uapi/linux/nfsd/export.h */
#define EXPORT_INSECURE_PORT	0x0002
#define EXPORT_NO_SUBTREE_CHECK	0x0400
#define EXPORT_FSID		0x2000
#define EXPORT_PNFS		0x20000

static void tell_kernel(const char *path, const char *text)
{
	int err = write_text(path, text);

	NEED(!err, "%s <- \"%s\": %s", path, text, errno_name(err));
}

static void loopback_up(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	NEED(fd >= 0 && !ioctl(fd, SIOCSIFFLAGS, &lo), "lo: %s", errno_name(errno));
	close(fd);
}

/* @dir is the root of all that the server has. */
static void answer_beforehand(const char *dir, bool layouts)
{
	unsigned int flags = EXPORT_INSECURE_PORT | EXPORT_NO_SUBTREE_CHECK | EXPORT_FSID |
			     (layouts ? EXPORT_PNFS : 0);
	char text[200];

	snprintf(text, sizeof(text), "nfsd 127.0.0.1 %d here\n", FOREVER);
	tell_kernel(CACHES "auth.unix.ip/channel", text);
	snprintf(text, sizeof(text), "here %s %d %u 65534 65534 0\n", dir, FOREVER, flags);
	tell_kernel(CACHES "nfsd.export/channel", text);
	snprintf(text, sizeof(text), "here 1 \\x00000000 %d %s\n", FOREVER, dir);
	tell_kernel(CACHES "nfsd.fh/channel", text);
}

/* A file that is still open there would keep the client mounted, without a server. */
static void close_files_of_client(void)
{
	char link[40], path[64];

	for (int fd = 3; fd < 256; fd++) {
		ssize_t len;

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		len = readlink(link, path, sizeof(path));
		if (len >= (ssize_t)strlen(NFS) && !memcmp(path, NFS, strlen(NFS)))
			close(fd);
	}
}

/*
 * The kernel puts a question into a pipe and waits for the answer. It makes some pipes when it needs
 * them, and gives up if nobody reads one within a second.
 */
static void answer(const char *path, size_t (*reply)(void *message, size_t len))
{
	struct pollfd pipe = { .events = POLLIN };
	char message[PAGE];
	ssize_t len;

	if (fork())
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while ((pipe.fd = open(path, O_RDWR)) < 0)
		usleep(1000);
	while (poll(&pipe, 1, -1) == 1 && (len = read(pipe.fd, message, sizeof(message))) > 0) {
		len = reply(message, len);
		if (write(pipe.fd, message, len) != len)
			break;
	}
	_exit(0);
}

/* In place of nfsdcld: there were no clients before, so the server need not wait for them. */
static size_t no_clients_before(void *message, size_t len)
{
	((struct cld_msg_hdr *)message)->cm_status = 0;
	return len;
}

/* struct bl_dev_msg of the client of block layouts */
struct device_answer {
	int32_t status;
	uint32_t major, minor;
};

/*
 * In place of blkmapd, which looks for the device by the UUID that is on it: the kernel of the
 * tests lets nobody write to a device that is mounted, so the client gets another one.
 */
static size_t device_of_the_client(void *message, size_t len)
{
	struct device_answer *a = message;
	struct stat st;

	if (stat(NFS_DEV, &st))
		_exit(1);
	*a = (struct device_answer){ 1, major(st.st_rdev), minor(st.st_rdev) };
	return sizeof(*a);
}

static void make_device(void)
{
	NEED(!run("rm -f " NFS_DISK "; truncate -s 256M " NFS_DISK " && losetup " NFS_DEV " " NFS_DISK),
	     "losetup");
}

static void start_daemons(bool layouts)
{
	NEED(!mkdir(PIPES, 0755) || errno == EEXIST);
	if (access(PIPES "/nfsd", F_OK))
		NEED(!mount("rpc_pipefs", PIPES, "rpc_pipefs", 0, NULL), "%s", errno_name(errno));
	answer(PIPES "/nfsd/cld", no_clients_before);
	if (layouts) {
		make_device();
		answer(PIPES "/nfs/blocklayout", device_of_the_client);
	}
}

static pid_t server_of;

static void end_server(void)
{
	if (getpid() != server_of)
		return;
	close_files_of_client();
	umount(NFS);
	write_text(SERVER "threads", "0\n");
	run("losetup -d " NFS_DEV " 2>/dev/null");
}

static void start_server(const char *dir, bool layouts)
{
	if (access(SERVER "threads", F_OK))
		NEED(!mount("nfsd", SERVER, "nfsd", 0, NULL), "nfsd: %s", errno_name(errno));
	loopback_up();
	tell_kernel(SERVER "versions", "-3 +4 -4.0 +4.1 +4.2\n");
	answer_beforehand(dir, layouts);
	tell_kernel(SERVER "portlist", "tcp 2049\n");
	server_of = getpid();
	atexit(end_server);
	start_daemons(layouts);
	tell_kernel(SERVER "threads", "2\n");
}

/*
 * Until the test ends, the file system of @dir is at NFS, too. @layouts: of its blocks,
 * which the client has on NFS_DEV.
 */
void nfs_serve(const char *dir, bool layouts)
{
	start_server(dir, layouts);
	NEED(!mkdir(NFS, 0755) || errno == EEXIST);
	NEED(!mount("127.0.0.1:/", NFS, "nfs4", 0,
		    "vers=4.2,proto=tcp,addr=127.0.0.1,clientaddr=127.0.0.1,sec=sys"),
	     "mount of NFS: %s", errno_name(errno));
}

int nfs_file(const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), NFS "/%s", name);
	fd = open(path, flags, 0600);
	NEED(fd >= 0, "%s: %s", path, errno_name(errno));
	return fd;
}

/* How often the client has sent this operation, and how often it was refused. */
struct nfs_count nfs_count(const char *operation)
{
	struct nfs_count count = {};
	char line[400], name[40];
	FILE *f = fopen("/proc/self/mountstats", "r");
	unsigned long sent, failed;

	NEED(f);
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, " %39[A-Z_]: %lu %*u %*u %*u %*u %*u %*u %*u %lu", name, &sent,
			   &failed) != 3 || strcmp(name, operation))
			continue;
		count = (struct nfs_count){ .sent = sent, .failed = failed };
	}
	fclose(f);
	return count;
}
